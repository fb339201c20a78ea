import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** Honey: the one accent. It marks what wants a person: the next thing to do, and what waits for somebody. */
export const honey: MantineColorsTuple = [
  "#fff7e0",
  "#ffecb8",
  "#fbdc8a",
  "#f6c955",
  "#f0b429",
  "#e09f13",
  "#b87a06",
  "#8a5a00",
  "#6b4600",
  "#4a3000",
];

/** Values are in tokens.css, which is a file because the page takes no style that stands in it. */
export const theme = createTheme({
  primaryColor: "honey",
  primaryShade: 4,
  autoContrast: true,
  colors: { honey },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    // What keeps the page behind from scrolling writes a style into the page.
    Modal: { defaultProps: { lockScroll: false, centered: true, radius: "md", overlayProps: { backgroundOpacity: 0.45 }, closeButtonProps: { "aria-label": "Close" } } },
    Drawer: { defaultProps: { lockScroll: false } },
    // An element that takes the focus first is no entry of a menu, and who listens is told of it as one.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false } },
    Button: { defaultProps: { variant: "default" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
  },
});

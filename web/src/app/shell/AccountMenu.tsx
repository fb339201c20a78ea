import "@mantine/core/styles/Menu.css";
import "@mantine/core/styles/Popover.css";
import { Menu, useMantineColorScheme } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconBell, IconCheck, IconContrast2, IconKeyboard, IconLogout, IconMoon, IconSun, IconSunMoon } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { forget } from "~/api/kept";
import { signOut } from "~/api/session";
import { clear as clearDrafts } from "~/api/drafts";
import { clear } from "~/api/outbox";
import { setContrast, useContrast } from "../appearance";
import { queries, router } from "../router";
import { type AccountProps, Face } from "./Face";

const SCHEMES = [
  { value: "auto", label: "As the system", Icon: IconSunMoon },
  { value: "light", label: "Light", Icon: IconSun },
  { value: "dark", label: "Dark", Icon: IconMoon },
] as const;

/** Opens below what was pressed, and gives the focus back to it. */
export function AccountMenu({ who, open, named = false }: AccountProps) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const contrast = useContrast();
  const [opened, setOpened] = useState(false);
  const face = useRef<HTMLButtonElement>(null);
  // It is there because somebody pressed what stood in its place.
  useEffect(() => {
    face.current?.focus();
    setOpened(true);
  }, []);
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      queries.clear();
      clear();
      clearDrafts();
      await forget();
      await router.navigate({ to: "/sign-in", search: {} });
    },
  });
  return (
    <Menu opened={opened} onChange={setOpened} position="top-start" width={220} withinPortal keepMounted={false}>
      <Menu.Target>
        <Face ref={face} who={who} named={named} />
      </Menu.Target>
      <Menu.Dropdown>
        {named ? null : <Menu.Label>{who.person}</Menu.Label>}
        <Menu.Label>Appearance</Menu.Label>
        {SCHEMES.map(({ value, label, Icon }) => (
          <Menu.Item
            key={value}
            closeMenuOnClick={false}
            leftSection={<Icon size={16} stroke={1.7} />}
            rightSection={colorScheme === value ? <IconCheck size={15} aria-label="chosen" /> : null}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Item
          closeMenuOnClick={false}
          leftSection={<IconContrast2 size={16} stroke={1.7} />}
          rightSection={contrast === "more" ? <IconCheck size={15} aria-label="chosen" /> : null}
          onClick={() => setContrast(contrast === "more" ? "usual" : "more")}
        >
          High contrast
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconBell size={16} stroke={1.7} />} onClick={() => void router.navigate({ to: "/notifications" })}>
          Notifications
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} stroke={1.7} />} onClick={() => open("shortcuts")}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLogout size={16} stroke={1.7} />}
          closeMenuOnClick={false}
          disabled={leave.isPending}
          onClick={() => leave.mutate()}
        >
          {leave.isError ? "Could not sign out. Try again" : "Sign out"}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

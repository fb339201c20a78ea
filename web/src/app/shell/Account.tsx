import "@mantine/core/styles/Menu.css";
import "@mantine/core/styles/Popover.css";
import { ActionIcon, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconBell, IconCheck, IconContrast2, IconKeyboard, IconLogout, IconMoon, IconSelector, IconSun, IconSunMoon, IconUser } from "@tabler/icons-react";
import type { Me } from "~/api/generated/api";
import { forget } from "~/api/kept";
import { signOut } from "~/api/session";
import { clear as clearDrafts } from "~/api/drafts";
import { clear } from "~/api/outbox";
import { setContrast, useContrast } from "../appearance";
import { queries, router } from "../router";
import styles from "./Account.module.css";
import type { Overlay } from "./Shell";

interface Props {
  who: Me;
  open: (overlay: Overlay) => void;
  /** Whether there is room for the name. */
  named?: boolean;
}

const SCHEMES = [
  { value: "auto", label: "As the system", Icon: IconSunMoon },
  { value: "light", label: "Light", Icon: IconSun },
  { value: "dark", label: "Dark", Icon: IconMoon },
] as const;

/** Who is signed in, how it looks for them, and the way out. */
export function Account({ who, open, named = false }: Props) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const contrast = useContrast();
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
    <Menu position="top-start" width={220} withinPortal keepMounted={false}>
      <Menu.Target>
        {named ? (
          <UnstyledButton className={styles.named}>
            <span className={styles.face} aria-hidden>
              {who.person.charAt(0).toUpperCase()}
            </span>
            <span className={styles.words}>
              <span className={styles.person}>{who.person}</span>
              <span className={styles.role}>{who.role}</span>
            </span>
            <IconSelector size={14} aria-hidden />
          </UnstyledButton>
        ) : (
          <ActionIcon size="lg" aria-label={`Account of ${who.person}`}>
            <IconUser size={20} stroke={1.7} />
          </ActionIcon>
        )}
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

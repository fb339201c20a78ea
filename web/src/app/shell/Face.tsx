import { ActionIcon, UnstyledButton } from "@mantine/core";
import { IconSelector, IconUser } from "@tabler/icons-react";
import type { ComponentPropsWithRef } from "react";
import type { Me } from "~/api/generated/api";
import styles from "./Account.module.css";
import type { Overlay } from "./Shell";

export interface AccountProps {
  who: Me;
  open: (overlay: Overlay) => void;
  /** Whether there is room for the name. */
  named?: boolean;
}

/** What is pressed for the menu of the account. */
export function Face({ who, named, ...others }: { who: Me; named: boolean } & ComponentPropsWithRef<"button">) {
  return named ? (
    <UnstyledButton className={styles.named} {...others}>
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
    <ActionIcon size="lg" aria-label={`Account of ${who.person}`} {...others}>
      <IconUser size={20} stroke={1.7} />
    </ActionIcon>
  );
}

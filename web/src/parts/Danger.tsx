import { Button, type ButtonProps } from "@mantine/core";
import type { ComponentPropsWithoutRef } from "react";
import styles from "./Danger.module.css";

/** A button that ends or turns down something. */
export function Danger(props: ButtonProps & ComponentPropsWithoutRef<"button">) {
  return <Button {...props} variant="filled" color="red" className={styles.danger} />;
}

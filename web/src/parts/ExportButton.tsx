import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import type { ComponentPropsWithRef } from "react";
import type { Row } from "./csv";

export interface ExportProps {
  /** Of the file, without its ending. */
  name: string;
  rows: () => Row[];
}

/** What is pressed for the kinds of files. */
export function ExportButton(props: ComponentPropsWithRef<"button">) {
  return (
    <Button size="xs" leftSection={<IconDownload size={15} stroke={1.8} aria-hidden />} {...props}>
      Export
    </Button>
  );
}

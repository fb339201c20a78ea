import "@mantine/core/styles/Menu.css";
import "@mantine/core/styles/Popover.css";
import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { csv, type Row } from "./csv";

/** Hands out what a table shows, whole, as CSV or JSON. */
export function Export({ name, rows }: { name: string; rows: () => Row[] }) {
  const give = (kind: "csv" | "json") => {
    const text = kind === "csv" ? csv(rows()) : JSON.stringify(rows(), null, 2);
    const url = URL.createObjectURL(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${name}.${kind}`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" leftSection={<IconDownload size={15} stroke={1.8} aria-hidden />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => give("csv")}>CSV</Menu.Item>
        <Menu.Item onClick={() => give("json")}>JSON</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

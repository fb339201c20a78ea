import "@mantine/core/styles/Menu.css";
import "@mantine/core/styles/Popover.css";
import { Menu } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { csv } from "./csv";
import { ExportButton, type ExportProps } from "./ExportButton";

/** Opens below what was pressed, and gives the focus back to it. */
export function ExportMenu({ name, rows }: ExportProps) {
  const [opened, setOpened] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  // It is there because somebody pressed what stood in its place.
  useEffect(() => {
    button.current?.focus();
    setOpened(true);
  }, []);
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
    <Menu opened={opened} onChange={setOpened} position="bottom-end">
      <Menu.Target>
        <ExportButton ref={button} />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => give("csv")}>CSV</Menu.Item>
        <Menu.Item onClick={() => give("json")}>JSON</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

import "@mantine/core/styles/FloatingIndicator.css";
import "@mantine/core/styles/SegmentedControl.css";
import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { type Contrast, setContrast, useContrast } from "~/app/appearance";
import { Section } from "~/parts/Page";
import styles from "./Settings.module.css";

/** How it looks, on this device. */
export function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const contrast = useContrast();
  return (
    <Section title="Appearance" aside="kept on this device">
      <div className={styles.choices}>
        <span id="scheme">Colours</span>
        <SegmentedControl
          aria-labelledby="scheme"
          size="xs"
          value={colorScheme}
          onChange={(chosen) => setColorScheme(chosen as typeof colorScheme)}
          data={[
            { value: "auto", label: "As the system" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
        />
        <span id="contrast">Contrast</span>
        <SegmentedControl
          aria-labelledby="contrast"
          size="xs"
          value={contrast}
          onChange={(chosen) => setContrast(chosen as Contrast)}
          data={[
            { value: "auto", label: "As the system" },
            { value: "usual", label: "Usual" },
            { value: "more", label: "High" },
          ]}
        />
      </div>
    </Section>
  );
}

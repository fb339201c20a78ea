import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/ScrollArea.css";
import "@mantine/core/styles/Kbd.css";
import "@mantine/spotlight/styles.css";
import "./Palette.css";
import { Kbd, useMantineColorScheme } from "@mantine/core";
import { createSpotlight, Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import type { Me } from "~/api/generated/api";
import { title } from "~/parts/question";
import { waiting } from "~/api/approvals";
import { may } from "~/api/session";
import { setContrast, useContrast } from "../appearance";
import { VIEWS } from "../places";
import { placesOf } from "./Nav";

const [store, actions] = createSpotlight();

/** Goes anywhere and does what is done often, by a few letters of its name. */
export function Palette({ who, close }: { who: Me | undefined; close: () => void }) {
  const router = useRouter();
  const { data: questions } = useQuery(waiting);
  const { setColorScheme } = useMantineColorScheme();
  const contrast = useContrast();
  useEffect(() => actions.open(), []);

  const places: SpotlightActionData[] = placesOf(who).map(({ to, label, key }) => ({
    id: to,
    label,
    rightSection: (
      <span aria-hidden>
        <Kbd size="xs">G</Kbd> <Kbd size="xs">{key.toUpperCase()}</Kbd>
      </span>
    ),
    onClick: () => void router.navigate({ to }),
  }));
  const views: SpotlightActionData[] = VIEWS.filter(({ scope }) => may(who, scope)).map(({ to, label }) => ({
    id: to,
    label,
    onClick: () => void router.navigate({ to }),
  }));
  const asked: SpotlightActionData[] = (questions?.items ?? []).slice(0, 20).map((item) => ({
    id: item.id,
    label: title(item),
    description: `${item.project}, ${item.risk} risk`,
    onClick: () => void router.navigate({ to: "/approvals/$interrupt", params: { interrupt: item.id } }),
  }));
  const looks: SpotlightActionData[] = [
    { id: "light", label: "Light appearance", onClick: () => setColorScheme("light") },
    { id: "dark", label: "Dark appearance", onClick: () => setColorScheme("dark") },
    { id: "auto", label: "Appearance as the system", onClick: () => setColorScheme("auto") },
    {
      id: "contrast",
      label: contrast === "more" ? "Usual contrast" : "High contrast",
      onClick: () => setContrast(contrast === "more" ? "usual" : "more"),
    },
  ];
  const groups = [
    { group: "Go to", actions: [...places, ...views] },
    { group: "Waits for an answer", actions: asked },
    { group: "Appearance", actions: looks },
  ].filter(({ actions }) => actions.length > 0);

  return (
    <Spotlight
      store={store}
      actions={groups}
      shortcut={null}
      lockScroll={false}
      attributes={{ content: { "aria-label": "Command palette" } }}
      scrollable
      maxHeight="60vh"
      highlightQuery
      nothingFound="Nothing has this name"
      onSpotlightClose={() => setTimeout(close, 200)}
      searchProps={{ placeholder: "Go to, or do…", "aria-label": "Go to, or do" }}
    />
  );
}

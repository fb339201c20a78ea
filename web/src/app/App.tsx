import { MantineContext, MantineThemeProvider, useProviderColorScheme } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { colorSchemeManager } from "./appearance";
import { queries, router } from "./router";
import { theme } from "./theme";

/** The whole app. */
export function App() {
  return (
    <Look>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </Look>
  );
}

const getRootElement = () => document.documentElement;

/**
 * What MantineProvider does, of the parts that it is made of, without the one that makes its variables at each start: they stand in
 * tokens.css, and Mantine writes no style into the page.
 */
function Look({ children }: { children: ReactNode }) {
  const scheme = useProviderColorScheme({ manager: colorSchemeManager, defaultColorScheme: "auto", forceColorScheme: undefined, getRootElement });
  return (
    <MantineContext value={{ ...scheme, getRootElement, classNamesPrefix: "mantine", cssVariablesSelector: ":root", withStaticClasses: true }}>
      <MantineThemeProvider theme={theme}>{children}</MantineThemeProvider>
    </MantineContext>
  );
}

import { useEffect } from "react";

let page = "";
let waits = 0;

function write() {
  if (page !== "") document.title = `${waits > 0 ? `(${waits}) ` : ""}${page} · swarm`;
}

/** Names the page in the window's title. */
export function useTitle(title: string): void {
  useEffect(() => {
    page = title;
    write();
  }, [title]);
}

/** Puts before the title how many questions wait for who looks, for as long as this is on the screen. */
export function useTitleCount(count: number): void {
  useEffect(() => {
    waits = count;
    write();
    return () => {
      waits = 0;
      write();
    };
  }, [count]);
}

/** A way to a model: what is set in the environment of swarm, as docs/src/models.md has it. */
export interface Way {
  readonly variable: string;
  readonly title: string;
  readonly about: string;
  readonly command: string;
}

const WAYS: readonly Omit<Way, "command">[] = [
  { variable: "OPENROUTER_API_KEY", title: "OpenRouter", about: "Many models behind one key; by default qwen/qwen3-coder." },
  { variable: "ANTHROPIC_API_KEY", title: "Anthropic", about: "By default claude-sonnet-4-5." },
  { variable: "OPENAI_API_KEY", title: "OpenAI", about: "By default gpt-4.1." },
  {
    variable: "OPENAI_BASE_URL",
    title: "A server of your own",
    about: "Ollama, llama.cpp, vLLM. Nothing goes to any other provider then. The address is Ollama's: put yours in its place.",
  },
];

/** Loopback: the page is on the machine that swarm runs on, and at the port that it was given. */
const HERE = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * The ways, with what is typed. A key is asked for by the shell: it stands in no history, and on no screen. All is one line: of
 * more, the second would be taken for the key where they are pasted.
 */
export function waysFrom({ hostname, port }: Pick<Location, "hostname" | "port">): Way[] {
  // Without its port it would take a free one, and this page would not find it again.
  const start = HERE.test(hostname) && port !== "" ? `swarm up --port ${port}` : "swarm up";
  return WAYS.map((way) => ({
    ...way,
    command:
      way.variable === "OPENAI_BASE_URL"
        ? `OPENAI_BASE_URL=http://127.0.0.1:11434/v1 ${start}`
        : `read -rs ${way.variable} && export ${way.variable} && ${start}`,
  }));
}

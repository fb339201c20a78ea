import "./app/mantine.css";
import "./app/tokens.css";
import "./app/base.css";
import "./app/font.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { install } from "./offline/update";

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
install();

/** The choice between light and dark colours; without one they follow the system. */

import { useState } from "preact/hooks";
import { load, save } from "../state/storage.js";

const NAME = "theme";
const THEMES = { "": "As the system", light: "Light", dark: "Dark" };

export const applyTheme = (theme = load<string>(NAME) ?? ""): void => {
  if (theme) document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
};

export const Theme = () => {
  const [theme, setTheme] = useState(load<string>(NAME) ?? "");
  const change = (chosen: string): void => {
    setTheme(chosen);
    save(NAME, chosen || undefined);
    applyTheme(chosen);
  };
  return (
    <label class="field theme">
      Colours
      <select value={theme} onChange={(event) => change(event.currentTarget.value)}>
        {Object.entries(THEMES).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
};

// Runs in every page of the site: the color scheme, the menu of narrow windows, and the search. Without it the pages are
// complete, and follow the color scheme of the system.

const SCHEME = "pardot-etl-scheme";
const root = document.documentElement;

// Before the page is shown.
const system = matchMedia("(prefers-color-scheme: dark)");
let isDark = (remembered() ?? (system.matches ? "dark" : "light")) === "dark";
if (remembered() !== null) root.style.colorScheme = remembered();
root.classList.add("script");

/** Some browsers refuse storage for pages from a disk. */
function remembered() {
  try {
    return localStorage.getItem(SCHEME);
  } catch {
    return null;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const find = (selector) => document.querySelector(selector);
  const scheme = find("#scheme");
  const menu = find("#menu");
  const form = find("form");
  const input = find("input");
  const results = find("#results");
  for (const control of [scheme, menu, form]) control.hidden = false;

  const pages = find("#pages");
  const current = find("[aria-current]");
  if (current !== null) pages.scrollTop = current.offsetTop - 60;

  scheme.setAttribute("aria-pressed", String(isDark));
  scheme.addEventListener("click", () => {
    isDark = !isDark;
    root.style.colorScheme = isDark ? "dark" : "light";
    scheme.setAttribute("aria-pressed", String(isDark));
    try {
      localStorage.setItem(SCHEME, root.style.colorScheme);
    } catch {
      // It holds for this page.
    }
  });

  menu.addEventListener("click", () => {
    const isOpen = pages.classList.toggle("open");
    menu.setAttribute("aria-expanded", String(isOpen));
  });

  let loading = null;
  /** The index is only loaded for someone who searches. */
  function index() {
    loading ??= new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = `${root.dataset.root}search-index.js`;
      script.addEventListener("load", () => resolve(globalThis.searchIndex));
      document.head.append(script);
    });
    return loading;
  }

  async function search() {
    const entries = await index();
    // Of what is in the box now: more may have been typed.
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    results.hidden = words.length === 0;
    const found = entries
      .map((entry) => ({ entry, score: scoreOf(entry, words) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score);
    results.querySelector("p").textContent = found.length === 1 ? "1 section" : `${found.length} sections`;
    results.querySelector("ol").replaceChildren(...found.slice(0, 20).map(({ entry }) => resultOf(entry, words)));
  }

  input.addEventListener("focus", index);
  input.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search().then(() => results.querySelector("a")?.click());
  });
  results.addEventListener("click", (event) => {
    if (event.target.closest("a")) close();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(input|textarea|select)$/i.test(event.target.tagName);
    if (event.key === "Escape" && !results.hidden) {
      close();
      input.focus();
    } else if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
    }
  });

  function close() {
    input.value = "";
    results.hidden = true;
  }

  function resultOf([path, title, heading, text], words) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = root.dataset.root + path;
    link.textContent = heading === "" ? title : `${title}: ${heading}`;
    const at = Math.max(0, Math.min(...words.map((word) => position(text, word))) - 50);
    const excerpt = document.createElement("p");
    const pattern = new RegExp(`(${words.map(escaped).join("|")})`, "gi");
    const pieces = text.slice(at, at + 200).split(pattern);
    excerpt.append(at > 0 ? "…" : "", ...pieces.map((piece, i) => (i % 2 === 0 ? piece : marked(piece))), "…");
    item.append(link, excerpt);
    return item;
  }

  function marked(piece) {
    const mark = document.createElement("mark");
    mark.textContent = piece;
    return mark;
  }
});

/** Where a word first is; for the beginning of the text if it isn't. */
function position(text, word) {
  return Math.max(0, text.toLowerCase().indexOf(word));
}

/**
 * Zero unless every word is somewhere in the section. The beginning of a word in a title counts more than one in the text,
 * and that more than the middle of a word: `lease` is not the release.
 */
function scoreOf([, title, heading, text], words) {
  const scores = words.map((word) => {
    const start = new RegExp(`(?<![a-z0-9])${escaped(word)}`, "i");
    const inText = start.test(text) ? (heading === "" ? 4 : 2) : 0;
    const score = (start.test(heading) ? 20 : 0) + (start.test(title) ? 12 : 0) + inText;
    return score === 0 && `${title} ${heading} ${text}`.toLowerCase().includes(word) ? 1 : score;
  });
  return scores.includes(0) ? 0 : scores.reduce((sum, score) => sum + score, 0);
}

function escaped(word) {
  return word.replace(/[^\w\s]/g, "\\$&");
}

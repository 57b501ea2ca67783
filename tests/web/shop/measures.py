"""What a browser finds on a page: violations of axe, overflow, text that is cut, small targets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployment.package.pages import PACKAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[3]
AXE = (ROOT / PACKAGES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

RUN_AXE = """
async (rules) => {
    const only = rules.length ? { runOnly: { type: "rule", values: rules } } : {};
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...only });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html, any, all, none }) =>
        [id, html.slice(0, 160), [...any, ...all, ...none][0]?.message]));
}
"""

# WCAG 2.2, 1.4.12: no content is lost with this spacing.
SPACING = """
() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
}
"""

# Text outside of the window or of the box around it that cuts it, but for what scrolls or is for screen readers only.
CUT = """
() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        const parent = node.parentElement;
        if (!node.data.trim() || parent.closest(".hidden, option, noscript, dialog:not([open])")) continue;
        if (!parent.checkVisibility()) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        let [left, right, top, bottom] = [0, innerWidth, -Infinity, Infinity];
        for (let around = parent; around; around = around.parentElement) {
            const { overflowX, overflowY } = getComputedStyle(around);
            if (/auto|scroll/.test(overflowX + overflowY) && around !== document.documentElement) {
                [left, right, top, bottom] = [-Infinity, Infinity, -Infinity, Infinity];
                break;
            }
            if (/hidden|clip/.test(overflowX + overflowY)) {
                const edge = around.getBoundingClientRect();
                [left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
                [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
            }
        }
        if (box.width && (box.left < left - 1 || box.right > right + 1 || box.top < top - 1 || box.bottom > bottom + 1))
            found.push(node.data.slice(0, 40));
    }
    return found;
}
"""

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

# WCAG 2.2, 2.5.8, but for links within a sentence.
SMALL_TARGETS = """
() => [...document.querySelectorAll("a, button, input, select, summary")]
    .filter((each) => each.checkVisibility() && !each.closest("p:not(.links)") && !each.matches(".skip"))
    .map((each) => [each.outerHTML.slice(0, 80), each.closest("label")?.getBoundingClientRect()
        ?? each.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.height < 24 || box.width < 24))
    .map(([html, box]) => `${html} ${Math.round(box.width)} x ${Math.round(box.height)}`)
"""


def find_violations(page: Page, *rules: str) -> Any:
    page.evaluate(AXE)
    return page.evaluate(RUN_AXE, list(rules))

"""Opens the page of a report in Chromium and uses it: by mouse, by keyboard, on paper, in the dark, without scripts.

    REQUIREMENTS=page-requirements.txt scripts/python.sh scripts/report_page.py target/debug/trailmill [--screenshots DIR]
    REQUIREMENTS=page-requirements.txt scripts/python.sh scripts/report_page.py target/debug/trailmill --picture docs

The report is that of a generated trail, with records planted in it whose texts want to be markup, scripts or links, or to hide. The first thing
that is not as it should be ends the script with exit 1. Chromium is the one that is installed, or CHROMIUM. `--picture` takes the
pictures of README.md instead.
"""

import argparse
import contextlib
import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from checks import check, equal, passed, section
from playwright.sync_api import sync_playwright

ACCOUNT = "111122223333"
BYTES_MAX = 3_000_000
WIDE, NARROW = 1280, 400
# Each sets `pwned`, asks for a file, or hides what it is.
HOSTILE = [
    "<script>window.pwned=1;alert(1)</script>",
    "</script><script>window.pwned=2</script>",
    "</td></table><!--",
    "javascript:window.pwned=3",
    '"><img src=x onerror=window.pwned=4>',
    "'><svg onload=window.pwned=5>",
    "\" onmouseover=\"window.pwned=6\" style=\"position:fixed;inset:0\" x=\"",
    "${window.pwned=7}{{window.pwned=8}}{{script}}<%= 9 %>",
    "&lt;b&gt;&#60;i&#62;&quot;",
    "]]>--><style>body{display:none}</style>",
    "__proto__",
    "safe\u202egpj.exe\u2066\u200b\u0000\u001b[31m\u2028end",
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


# The report


def planted(nth, text):
    """A record that was refused, whose texts are hostile wherever somebody outside can have put them."""
    return {
        "eventVersion": "1.11", "eventTime": f"2026-08-02T{nth // 60 % 24:02}:{nth % 60:02}:00Z", "awsRegion": "us-east-1",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": ACCOUNT, "userName": text, "arn": f"arn:aws:iam::{ACCOUNT}:user/{text}"},
        "eventSource": "s3.amazonaws.com", "eventName": text, "sourceIPAddress": text, "userAgent": f"Boto3/1.40.1 md/awslabs#mcp#{text}",
        "errorCode": text, "errorMessage": text, "requestParameters": {"bucketName": text}, "responseElements": None,
        "requestID": str(uuid.UUID(int=nth)), "eventID": str(uuid.UUID(int=nth + 2**64)), "readOnly": False, "eventType": "AwsApiCall",
        "managementEvent": True, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
    }


def mill(binary, *args):
    done = subprocess.run([binary, *map(str, args)], capture_output=True, text=True, timeout=600)
    check(done.returncode == 0, "exit code", done.returncode, "of", *args, "\n", done.stderr)
    return done.stdout


def lay_out(binary, folder, events, days):
    """A dataset of a generated trail and the planted records."""
    trail, dataset = folder / "trail", folder / "dataset"
    mill(binary, "generate", trail, "--events", events, "--days", days)
    texts = [text for text in HOSTILE for _ in range(30)]
    records = [planted(nth, text) for nth, text in enumerate(texts)]
    records += [planted(len(texts) + nth, "A" * 100_000) for nth in range(3)]
    day = trail / "AWSLogs" / ACCOUNT / "CloudTrail" / "us-east-1" / "2026/08/02"
    day.mkdir(parents=True, exist_ok=True)
    name = f"{ACCOUNT}_CloudTrail_us-east-1_20260802T2300Z_hostilehostile00.json.gz"
    (day / name).write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    mill(binary, "run", trail, "--out", dataset)
    return dataset


def report(binary, dataset, path, *args):
    mill(binary, "report", dataset, "--format", "html", "--output", path, *args)
    check(path.stat().st_size < BYTES_MAX, path.name, "has", path.stat().st_size, "bytes")
    return path


# The browser


WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@contextlib.contextmanager
def opened(browser, path, width=WIDE, **how):
    """A page that is to do nothing but show itself: no error, no request, no dialog."""
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce", **how)
    page, faults, requests = context.new_page(), [], []
    page.on("console", lambda message: faults.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", lambda request: requests.append(request.url))

    def dialog(found):
        faults.append(f"dialog: {found.message}")
        found.dismiss()

    page.on("dialog", dialog)
    context.add_init_script(WATCH)
    page.goto(path.as_uri())
    yield page
    equal(faults, [], "faults of", path.name)
    equal(requests, [path.as_uri()], "requests of", path.name)
    if how.get("java_script_enabled", True):
        equal(page.evaluate("window.violations"), [], "violations of the policy")
        equal(page.evaluate("window.pwned"), None, "a script of the log ran")
    context.close()


def pixels(page, canvas=".plot canvas"):
    """How many colours a canvas has, and a hash of it."""
    return page.evaluate("""(selector) => {
        const drawn = document.querySelector(selector);
        const canvas = new OffscreenCanvas(drawn.width, drawn.height).getContext("2d", { willReadFrequently: true });
        canvas.drawImage(drawn, 0, 0);
        const data = new Uint32Array(canvas.getImageData(0, 0, drawn.width, drawn.height).data.buffer);
        let hash = 17;
        for (const pixel of data) hash = (Math.imul(hash, 31) + pixel) | 0;
        return [new Set(data).size, hash];
    }""", canvas)


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


# What is checked


def check_policy(browser, path):
    """The policy bites: what a hostile text would have to do is refused. (So this page has violations.)"""
    context = browser.new_context()
    page = context.new_page()
    context.add_init_script(WATCH)
    page.goto(path.as_uri())
    tried = page.evaluate("""async () => {
        const refused = (act) => { try { act(); return false; } catch { return true; } };
        const image = document.createElement("img");
        image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
        const style = document.createElement("style");
        style.textContent = "body { visibility: hidden }";
        document.body.append(image, style);
        const fetched = await fetch("data:text/plain,x").then(() => true, () => false);
        return {
            markup: refused(() => { document.body.insertAdjacentHTML("beforeend", "<i onclick=1></i>"); }),
            script: refused(() => { const s = document.createElement("script"); s.textContent = "window.pwned = 1"; document.body.append(s); }),
            code: refused(() => setTimeout("window.pwned = 1")),
            style: getComputedStyle(document.body).visibility === "visible",
            fetch: !fetched,
            quiet: window.pwned === undefined,
        };
    }""")
    equal(tried, dict.fromkeys(tried, True), "what the policy refuses")
    directives = {violation.split()[0] for violation in page.evaluate("window.violations")}
    check({"img-src", "style-src-elem", "connect-src"} <= directives, "violations", directives)
    context.close()


def check_timeline(page):
    shown = page.locator("#timeline-shown")
    whole = shown.text_content()
    colours, before = pixels(page)
    check(colours > 8, "the timeline has", colours, "colours")
    check(pixels(page, ".overview canvas")[0] > 2, "the overview is empty")

    page.locator("#timeline").scroll_into_view_if_needed()
    box = page.locator(".plot .u-over").bounding_box()
    across = lambda part: (box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
    page.mouse.move(*across(0.5))
    tip = page.locator(".tip")
    check(tip.is_visible() and "All events" in tip.text_content(), "no tip at the pointer")
    page.mouse.move(*across(0.3))
    page.mouse.down()
    page.mouse.move(*across(0.6), steps=5)
    page.mouse.up()
    settle(page)
    check(shown.text_content() != whole, "dragging does not zoom")
    check(pixels(page)[1] != before, "zooming draws nothing")
    page.mouse.dblclick(*across(0.5))
    equal(shown.text_content(), whole, "a double click shows")
    page.mouse.move(5, 5)

    page.get_by_role("button", name="Zoom in").focus()
    page.keyboard.press("Enter")
    closer = shown.text_content()
    check(closer != whole, "the button does not zoom")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    check(shown.text_content() not in (whole, closer), "Earlier does not move")
    page.get_by_role("button", name="Whole").press("Enter")
    equal(shown.text_content(), whole, "Whole shows")
    sliders = page.locator(".range input")
    sliders.nth(0).press("ArrowRight")
    check(shown.text_content() != whole, "the slider does not zoom")
    check(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", sliders.nth(0).get_attribute("aria-valuetext")), "the slider does not say where it is")
    stage = page.get_by_role("application", name="Timeline")
    stage.press("Escape")
    equal(shown.text_content(), whole, "Escape shows")
    stage.press("+")
    check(shown.text_content() != whole, "+ does not zoom")
    stage.press("-")
    equal(shown.text_content(), whole, "+ and - show")
    stage.press("ArrowRight")
    stage.press("ArrowRight")
    check("All events" in page.locator("#timeline [role=status]").text_content(), "arrow keys tell nothing")

    settle(page)
    before = pixels(page)[1]
    box = page.locator(".series input").nth(1)
    box.press("Space")
    settle(page)
    without = pixels(page)[1]
    check(without != before, "taking a series away draws nothing")
    box.press("Space")
    settle(page)
    equal(pixels(page)[1], before, "a series that was taken away and put back")
    for group in ("Totals", "Services", "Principals"):
        check(page.get_by_role("group", name=group).get_by_role("checkbox").count() > 2, "series of", group)
    page.get_by_label("Logarithmic").check()
    settle(page)
    check(pixels(page)[1] != before, "a logarithmic scale draws nothing")
    page.get_by_role("button", name="Zoom in").press("Enter")
    page.get_by_label("Logarithmic").uncheck()
    settle(page)
    window = page.locator(".overview .u-select").bounding_box()
    check(window and abs(window["width"] - page.locator(".overview .u-over").bounding_box()["width"] / 2) < 3, "the overview shows", window)
    page.get_by_role("button", name="Whole").press("Enter")
    page.locator("#timeline summary").press("Enter")
    check(page.locator("[id='timeline.days'] tbody tr").count() > 1, "no table by day")
    page.locator("#timeline summary").press("Enter")


def check_bursts(page):
    """A burst's button shows it on the timeline."""
    buttons = page.get_by_role("button", name="Show on the timeline")
    check(buttons.count() > 0, "no burst")
    before = page.locator("#timeline-shown").text_content()
    buttons.first.press("Enter")
    check(page.locator("#timeline-shown").text_content() != before, "the timeline does not go to a burst")
    page.get_by_role("button", name="Whole").press("Enter")


def column(table, nth):
    return [cell.replace(",", "") for cell in table.locator(f"tbody td:nth-child({nth})").all_text_contents()]


def check_tables(page):
    table = page.locator("[id='rate.actions']")
    rows = table.locator("tbody tr")
    at_first = rows.count()
    first = column(table, 2)
    events = table.get_by_role("button", name="Events")
    for way, order in (("descending", -1), ("ascending", 1)):
        events.press("Enter")
        equal(table.locator("th[aria-sort]").get_attribute("aria-sort"), way, "order of the column")
        found = [int(count) for count in column(table, 4)]
        equal(found, sorted(found, key=lambda count: order * count), way)
    events.press("Enter")
    equal(table.locator("th[aria-sort]").count(), 0, "the third press gives the first order back")
    equal(column(table, 2), first)
    table.get_by_role("button", name="Action", exact=True).press("Enter")
    found = column(table, 2)
    equal(found, sorted(found), "texts in order")

    more = table.get_by_role("button", name="Show all rows")
    more.press("Enter")
    n_rows = rows.count()
    check(n_rows > at_first, "Show all shows", n_rows)
    wanted = first[0]
    table.get_by_role("searchbox").fill(wanted.upper())
    equal(table.locator("output").text_content().split(" of ")[1], f"{n_rows:,}", "rows in all")
    check(0 < rows.count() < n_rows and all(wanted in text for text in column(table, 2)), "filtered by", wanted)
    table.get_by_role("searchbox").fill("no row has this")
    equal(table.locator("tbody").text_content(), "No row holds this text.")
    table.get_by_role("searchbox").fill("")
    equal(rows.count(), n_rows)


HIDDEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f]")


def check_hostile(page):
    """What is hostile can be read, and does nothing, also where the mouse goes over it and where it is filtered by."""
    table = page.locator("[id='refused.codes']")
    for text in HOSTILE:
        visible = HIDDEN.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text)
        table.get_by_role("searchbox").fill(visible)
        cells = table.locator("tbody td:first-child").all_text_contents()
        check(visible in cells, repr(visible), "is not among", cells)
        table.locator("tbody tr").first.hover()
    table.get_by_role("searchbox").fill("")
    equal(page.locator("td img, td svg, td script, td style, td a, bdi *:not(wbr, span)").count(), 0, "elements of the log")
    links = page.evaluate("[...document.querySelectorAll('[href], [src], [action]')].map((e) => e.getAttribute('href') ?? 'source')")
    check(all(link.startswith("#") for link in links), "links", links)
    check(not HIDDEN.search(page.locator("main").inner_text().replace("\n", "").replace("\t", "")), "hidden characters")

    claims = page.locator("[id='agents.claims']")
    long = claims.get_by_role("button", name="more").first
    if claims.get_by_role("button", name="Show all rows").count():
        claims.get_by_role("button", name="Show all rows").press("Enter")
    check(long.count() == 1, "no long text is clipped")
    cell = claims.locator("td:has(button)").first
    clipped = len(cell.text_content())
    long.press("Enter")
    check(len(cell.text_content()) > clipped, "the long text cannot be read")


def check_findings(page):
    check(page.locator(".findings li").count() > 2, "findings")
    for link in page.locator(".findings a").all():
        target = link.get_attribute("href")[1:]
        check(page.locator(f"[id='{target}']").count() == 1, "a finding links to", target, "which is not there")
    copy = page.get_by_role("button", name="Copy the command").first
    copy.press("Enter")
    page.wait_for_function("['Copied', 'Selected'].includes(document.querySelector('.look button').textContent)")


FOCUSABLE = """() => [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
    .filter((e) => !e.disabled && e.checkVisibility({ visibilityProperty: true }))"""


def check_keyboard(page):
    """Tab reaches all controls, in the order of the document, and each shows that it has the focus."""
    n_controls = page.evaluate(f"""() => {{ window.controls = ({FOCUSABLE})(); document.activeElement.blur(); scrollTo(0, 0); return controls.length; }}""")
    reached = []
    page.evaluate("() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); }")
    for _ in range(n_controls):
        page.keyboard.press("Tab")
        at, is_seen = page.evaluate("""() => {
            const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
            return [controls.indexOf(document.activeElement), outlineStyle !== "none" && parseFloat(outlineWidth) >= 1];
        }""")
        check(is_seen, "no focus is seen at control", at, page.evaluate("document.activeElement.outerHTML.slice(0, 300)"))
        reached.append(at)
    equal(reached, list(range(n_controls)), "controls that Tab reaches")
    grid = page.locator("table.heat td[tabindex='0']")
    label = grid.get_attribute("aria-label")
    grid.press("ArrowRight")
    now = page.evaluate("document.activeElement.getAttribute('aria-label')")
    check(now != label and re.match(r"\d{4}-\d\d-\d\d, ", now), "the arrow keys do not go through the map:", now)
    equal(page.locator(".cell").text_content(), now, "what is said of the cell")


def check_names(page):
    """Everything that can be used has a name, and headings do not jump."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    named = {"button", "checkbox", "slider", "searchbox", "textbox", "link", "table", "grid", "region", "navigation", "application", "heading", "columnheader", "gridcell"}
    seen = set()
    for node in nodes:
        role = node.get("role", {}).get("value")
        if role in named and not node.get("ignored"):
            seen.add(role)
            check(node.get("name", {}).get("value", "").strip(), "a", role, "has no name", node)
    check({"button", "checkbox", "slider", "searchbox", "link", "table", "grid", "region", "application"} <= seen, "roles", seen)
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))")
    check(levels[0] == 1 and levels.count(1) == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:])), "headings", levels)
    check(page.evaluate("[...document.querySelectorAll('table')].every((t) => t.caption?.textContent.trim())"), "a table without a caption")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    equal(len(ids), len(set(ids)), "ids come once")


CONTRAST = r"""() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
    const luminance = ([r, g, b]) => { const f = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
    const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
    const probe = document.createElement("i");
    document.body.append(probe);
    const named = (name) => { probe.style.color = `var(--${name})`; return rgba(getComputedStyle(probe).color); };
    const paper = named("paper"), bar = named("bar");
    const behind = (element) => {
        for (let e = element; e; e = e.parentElement) { const found = rgba(getComputedStyle(e).backgroundColor); if (found[3] === 255) return found; }
        return paper;
    };
    const faults = [];
    let n = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, style, .unseen, .skip")) continue;
        n++;
        const ink = rgba(getComputedStyle(element).color);
        const worst = Math.min(ratio(ink, behind(element)), element.closest("td.bar") ? ratio(ink, bar) : 99);
        if (worst < 4.5) faults.push(`${worst.toFixed(2)}: ${element.tagName}.${element.className}: ${walker.currentNode.data.slice(0, 40)}`);
    }
    for (const line of ["all", "errors", "agents", "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "rest", "burst-edge", "refused-edge"])
        if (ratio(named(line), paper) < 3) faults.push(`${ratio(named(line), paper).toFixed(2)}: line ${line}`);
    probe.remove();
    return [n, faults];
}"""


def check_colours(browser, path):
    """Light and dark, as the system has it and by the button, with enough contrast; the charts follow."""
    grounds = {}
    for scheme, other in (("light", "dark"), ("dark", "light")):
        with opened(browser, path, color_scheme=scheme) as page:
            ground = "getComputedStyle(document.body).backgroundColor"
            grounds[scheme] = page.evaluate(ground)
            n_texts, faults = page.evaluate(CONTRAST)
            check(n_texts > 300, "texts", n_texts)
            equal(faults, [], "contrast,", scheme)
            settle(page)
            before = pixels(page)[1]
            page.get_by_role("button", name=f"Switch to {other} colours").press("Enter")
            check(page.evaluate(ground) != grounds[scheme], "the button does not switch")
            settle(page)
            check(pixels(page)[1] != before, "the timeline does not follow the colours")
    check(grounds["light"] != grounds["dark"], "grounds", grounds)


def check_narrow(browser, path):
    for width in (NARROW, 320, WIDE):
        with opened(browser, path, width=width) as page:
            equal(page.evaluate("document.documentElement.scrollWidth"), width, "the page is wider than its window")
            page.evaluate("scrollTo(1000, 0)")
            equal(page.evaluate("scrollX"), 0, "the page moves sideways")
            check(pixels(page)[0] > 8, "the timeline is empty")


def check_paper(browser, path, kept):
    with opened(browser, path, color_scheme="dark") as page:
        rows = page.locator("tbody tr").count()
        pdf = page.pdf(prefer_css_page_size=True)
        n_pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        check(1 < n_pages < 200, "pages", n_pages)
        equal(page.locator("tbody tr").count(), rows, "after printing, rows are as they were")
        page.emulate_media(media="print", color_scheme="dark")
        equal(page.evaluate("getComputedStyle(document.documentElement).colorScheme"), "light", "dark is turned off")
        check(not page.locator("nav").is_visible() and not page.locator(".range").is_visible(), "controls are printed")
        if kept:
            (kept / "report.pdf").write_bytes(pdf)


def check_without_scripts(browser, path):
    with opened(browser, path, java_script_enabled=False) as page:
        text = page.locator("body").inner_text()
        for part in ("What stands out", "In all", "need scripts"):
            check(part in text, part, "is not there without scripts")
        check(page.locator(".findings li").count() > 2, "findings without scripts")


def check_empty(browser, path):
    with opened(browser, path) as page:
        text = page.locator("main").inner_text()
        for part in ("There is no event in this time.", "No event came through MCP", "Nothing was refused"):
            check(part in text, part, "is not said of nothing")
        check("NaN" not in text and "undefined" not in text and "null" not in text and "Infinity" not in text, text)


def photograph(browser, path, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for width in (WIDE, NARROW):
        for scheme in ("light", "dark"):
            with opened(browser, path, width=width, color_scheme=scheme) as page:
                settle(page)
                page.screenshot(path=folder / f"{path.stem}-{width}-{scheme}.png", full_page=True)


def picture(browser, binary, folder, into):
    """What README.md shows: the timeline and the agents of a generated fortnight."""
    mill(binary, "generate", folder / "trail", "--events", 300_000, "--days", 14, "--seed", 4)
    mill(binary, "run", folder / "trail", "--out", folder / "tables")
    path = report(binary, folder / "tables", folder / "report.html")
    for scheme, name in (("light", "report.png"), ("dark", "report-dark.png")):
        with opened(browser, path, color_scheme=scheme) as page:
            page.get_by_role("button", name="Show on the timeline").first.press("Enter")
            for _ in range(3):
                page.get_by_role("button", name="Zoom out").click()
            page.get_by_label("Logarithmic").check()
            for group, nth in (("Services", 0), ("Services", 1), ("Principals", 0)):
                page.get_by_role("group", name=group).get_by_role("checkbox").nth(nth).check()
            page.set_viewport_size({"width": WIDE, "height": 825})
            page.locator("#timeline").evaluate("(section) => scrollTo(0, section.offsetTop - 44)")
            box = page.locator(".plot .u-over").bounding_box()
            page.mouse.move(box["x"] + box["width"] * 0.495, box["y"] + box["height"] * 0.3)
            settle(page)
            page.screenshot(path=into / name)
            check((into / name).stat().st_size < 300_000, name, "is too large for a README")


def main():
    began = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("--screenshots", type=Path, metavar="DIR")
    parser.add_argument("--picture", type=Path, metavar="DIR")
    args = parser.parse_args()
    binary = args.binary.resolve()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    check(chromium, "chromium is not installed")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        if args.picture:
            picture(browser, binary, folder, args.picture)
            return
        section("the report")
        dataset = lay_out(binary, folder, events=20_000, days=6)
        path = report(binary, dataset, folder / "report.html")
        empty = report(binary, dataset, folder / "empty.html", "--from", "2031-01-01")
        use(browser, path, empty, args.screenshots)
        browser.close()
    passed(time.monotonic() - began)


def use(browser, path, empty, kept):
    if kept:
        section("screenshots")
        photograph(browser, path, kept)
        photograph(browser, empty, kept)
    section("policy")
    check_policy(browser, path)
    with opened(browser, path) as page:
        section("timeline")
        check_timeline(page)
        check_bursts(page)
        section("tables")
        check_tables(page)
        check_hostile(page)
        section("findings, keyboard, names")
        check_findings(page)
        check_keyboard(page)
        check_names(page)
    section("colours, widths, paper")
    check_colours(browser, path)
    check_narrow(browser, path)
    check_paper(browser, path, kept)
    section("without scripts, without events")
    check_without_scripts(browser, path)
    check_empty(browser, empty)


if __name__ == "__main__":
    main()

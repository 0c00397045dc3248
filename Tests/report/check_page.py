"""Checks the page of `nshist report` in headless Chromium, and prints what is wrong with it.

    check_page.py PAGE [--history FILE --program NSHIST --moments 1000] [--answers FILE] [--texts FILE] [--large]
                       [--pictures FOLDER]

With a history, the words of the page about random moments are held against `nshist query same --at`; with answers,
against those in the file: a JSON list of two lanes, a time and the answer each. With texts, a JSON list, each of them
has to be in the page as text, and nothing of it may be an element. A large page has to be drawn within 1.5 s, and a
frame within 50 ms. The exit status is 0 if nothing is wrong.
"""

import argparse
import concurrent.futures
import json
import os
import random
import subprocess
import sys
import time

from devtools import Browser

FIRST_PICTURE = 1500
FRAME = 50


class Check:
    """The checks of one page."""

    def __init__(self, options):
        self.options = options
        self.faults = []
        self.browser = Browser()

    def expect(self, isTrue, what):
        """Notes what is wrong."""
        if not isTrue:
            self.faults.append(what)

    def open(self, **more):
        """Opens the page, and expects no trouble."""
        self.browser.open(self.options.page, **more)

    def calm(self, what):
        """Expects that the console has no error, and that no request left the page."""
        troubles = self.browser.troubles()
        self.expect(not troubles, f"{what}: {troubles[:3]}")

    def ask(self, expression):
        """Returns the value of an expression in the page."""
        return self.browser.evaluate(expression)

    # The page as it opens

    def looks(self):
        """The page opens in every size and scheme, and fits."""
        for width in (1280, 400):
            for scheme in ("light", "dark"):
                self.open(width=width, scheme=scheme)
                self.browser.frame()
                self.calm(f"{width} {scheme}")
                wide = self.ask("document.documentElement.scrollWidth - window.innerWidth")
                self.expect(wide <= 0, f"{width} {scheme}: the page is {wide} pixels too wide")
                self.contrast(f"{width} {scheme}")
                if self.options.pictures:
                    self.browser.screenshot(os.path.join(self.options.pictures, f"{width}-{scheme}.png"))
        if self.options.pictures:
            self.browser.open(self.options.page)
            self.browser.pdf(os.path.join(self.options.pictures, "print.pdf"))

    def contrast(self, what):
        """Text has a contrast of at least 4.5 (WCAG 2, 1.4.3)."""
        worst = self.ask(
            """(() => {
              const light = (text) => {
                const parts = text.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
                  .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
                return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
              };
              const back = (node) => {
                for (; node; node = node.parentElement) {
                  const colour = getComputedStyle(node).backgroundColor;
                  if (!/^rgba.*, 0\\)$/.test(colour)) return colour;
                }
                return "rgb(255, 255, 255)";
              };
              let worst = [21, ""];
              for (const node of document.querySelectorAll("h1,h2,h3,p,td,th,dt,dd,b,a,button,span,summary")) {
                if (!node.offsetParent || !node.textContent.trim()) continue;
                const [a, b] = [light(getComputedStyle(node).color), light(back(node))];
                const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (ratio < worst[0]) worst = [ratio, node.outerHTML.slice(0, 120)];
              }
              return worst;
            })()"""
        )
        self.expect(worst[0] >= 4.5, f"{what}: contrast {worst[0]:.2f} of {worst[1]}")

    def names(self):
        """Every control has a name, headings do not skip a level, and the picture says what it is."""
        self.open()
        nameless = self.ask(
            """[...document.querySelectorAll("button, input, a, [tabindex]")].filter((node) => !(
              node.textContent.trim() || node.getAttribute("aria-label") || node.title)
            ).map((node) => node.outerHTML)"""
        )
        self.expect(not nameless, f"controls without a name: {nameless[:3]}")
        levels = self.ask('[...document.querySelectorAll("h1, h2, h3")].map((node) => Number(node.tagName[1]))')
        skips = [pair for pair in zip(levels, levels[1:]) if pair[1] > pair[0] + 1]
        self.expect(levels[:1] == [1] and not skips, f"headings: {levels}")
        order = self.ask('[...document.querySelectorAll("[tabindex]")].every((node) => node.tabIndex <= 0)')
        self.expect(order, "the order of focus is not that of the page")
        language = self.ask("document.documentElement.lang")
        self.expect(language == "en", f"language {language}")
        policy = self.ask("document.querySelector('meta[http-equiv=Content-Security-Policy]').content")
        self.expect(policy.startswith("default-src 'none'"), f"policy {policy}")
        other = self.ask(
            """[...document.querySelectorAll("[src], link, iframe, object, embed, form, img")].map(
              (node) => node.outerHTML.slice(0, 200))"""
        )
        self.expect(not other, f"elements that load something: {other[:3]}")

    def withoutScript(self):
        """Without scripts, the picture and the tables are there."""
        self.open(scripts=False)
        document = self.browser.call("DOM.getDocument")["root"]["nodeId"]
        for selector in ("#still svg", "table"):
            node = self.browser.call("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
            self.expect(node != 0, f"without scripts there is no {selector}")
            if node:
                box = self.browser.call("DOM.getBoxModel", nodeId=node)["model"]
                self.expect(box["height"] > 20, f"without scripts {selector} is not shown")

    # What a user does

    def keys(self):
        """The keyboard zooms, pans, moves the cursor, and chooses lanes."""
        self.open()
        self.ask("document.getElementById('lanes').focus()")
        length = self.ask("nshist.length")
        span = "nshist.state.until - nshist.state.from"
        self.browser.key("+", "+")
        self.browser.key("+", "+")
        zoomed = self.ask(span)
        self.expect(zoomed <= max(length / 3.9, 1000), f"plus twice shows {zoomed} of {length}")
        before = self.ask("nshist.state.from")
        self.browser.key("d", "d")
        moved = self.ask("nshist.state.from")
        self.browser.key("a", "a")
        self.browser.key("a", "a")
        back = self.ask("nshist.state.from")
        self.expect(moved > before or back < before, "the keys A and D do not pan")
        self.browser.key("0", "0")
        self.expect(self.ask(span) == length, "0 does not show all")
        cursor = self.ask("nshist.state.cursor")
        self.browser.key("ArrowRight")
        right = self.ask("nshist.state.cursor")
        self.browser.key("ArrowLeft")
        self.expect(right > cursor or right == length, "the right arrow does not move the cursor")
        self.browser.key("[", "[")
        self.browser.key("]", "]")
        self.browser.key("ArrowDown")
        chosen = self.ask("nshist.state.selected.size")
        self.browser.key("Enter")
        self.expect(self.ask("nshist.state.selected.size") != chosen, "Enter chooses no lane")
        self.browser.key("Escape")
        self.expect(self.ask("nshist.state.selected.size") == 0, "Escape does not clear the choice")
        self.calm("keys")

    def pointer(self):
        """The pointer sets the cursor, and a drag zooms."""
        self.open()
        box = self.ask(
            """(() => { const box = document.querySelector("#lanes canvas").getBoundingClientRect();
              window.scrollTo(0, box.top + scrollY - 100);
              const now = document.querySelector("#lanes canvas").getBoundingClientRect();
              return [now.left, now.top, now.width, now.height]; })()"""
        )
        x, y = box[0] + 210, box[1] + 40
        width = box[2] - 222
        self.browser.mouse("mousePressed", x + width / 2, y)
        self.browser.mouse("mouseReleased", x + width / 2, y)
        self.browser.frame()
        cursor, length = self.ask("[nshist.state.cursor, nshist.length]")
        self.expect(abs(cursor - length / 2) < length / 50, f"a click in the middle set the cursor to {cursor}")
        self.browser.mouse("mousePressed", x + width * 0.25, y)
        for share in (0.3, 0.4, 0.5):
            self.browser.mouse("mouseMoved", x + width * share, y)
        self.browser.mouse("mouseReleased", x + width * 0.5, y)
        self.browser.frame()
        shown = self.ask("(nshist.state.until - nshist.state.from) / nshist.length")
        self.expect(abs(shown - 0.25) < 0.03 or length < 5000, f"a drag over a quarter shows {shown}")
        self.browser.call(
            "Input.dispatchMouseEvent", type="mouseWheel", x=x + width / 2, y=y, deltaX=0, deltaY=-120, modifiers=2
        )
        self.browser.frame()
        nearer = self.ask("(nshist.state.until - nshist.state.from) / nshist.length")
        self.expect(nearer < shown or length < 5000, "Control and the wheel do not zoom")
        self.calm("pointer")

    def links(self):
        """A link brings back what was seen."""
        self.open()
        time_ = self.ask("Math.round(nshist.length / 3)")
        self.ask(f"nshist.setCursor({time_}); nshist.show({time_} * 0.5, {time_} * 1.5)")
        # The page writes its address 150 ms after the last movement.
        until = time.monotonic() + 10
        link = ""
        while time.monotonic() < until and "v=" not in link:
            link = self.ask("location.hash")
        state = "[nshist.state.cursor, Math.round(nshist.state.from), Math.round(nshist.state.until)]"
        before = self.ask(state)
        self.open(link=link)
        self.expect(self.ask(state) == before, f"{link} leads to {self.ask(state)}, not {before}")
        for bad in ("#t=<script>", "#t=9999-99-99T99:99:99Z&v=,&l=99999999,-1&y=<b>", "#%E0%A4%A", "#" + "t=" * 5000):
            self.open(link=bad)
            self.calm(f"the link {bad[:20]}")

    def tables(self):
        """The tables sort and search, and their rows lead into the picture."""
        self.open()
        rows = "document.querySelectorAll('#t-processes tbody tr').length"
        before = self.ask(rows)
        self.ask(
            """(() => { const box = document.querySelector("#t-processes input");
              box.value = document.querySelector("#t-processes tbody td").textContent;
              box.dispatchEvent(new Event("input")); })()"""
        )
        found = self.ask(rows)
        self.expect(1 <= found <= before, f"a search finds {found} of {before} rows")
        self.ask(
            """(() => { const box = document.querySelector("#t-processes input"); box.value = "";
              box.dispatchEvent(new Event("input"));
              document.querySelector("#t-processes th button").click(); })()"""
        )
        numbers = self.ask(
            "[...document.querySelectorAll('#t-processes tbody tr td:first-child')].map((cell) => cell.textContent)"
        )
        plain = [int(number) for number in numbers if number.isdigit()]
        self.expect(plain == sorted(plain), "the column of PIDs does not sort by number")
        self.ask("document.querySelector('#t-processes tbody a').click()")
        focus = self.ask("nshist.state.focus !== null")
        self.expect(focus, "a row does not lead into the picture")
        self.ask(
            """for (const link of document.querySelectorAll("#t-namespaces tbody a, #t-containers tbody a"))
              link.click()"""
        )
        self.calm("tables")

    # What the page says

    def agrees(self):
        """The words at the cursor are those of `query same --at`."""
        info = self.ask("({ lanes: nshist.lanes, length: nshist.length, base: nshist.base })")
        lanes, base = info["lanes"], int(info["base"])
        chance = random.Random(self.options.seed)
        questions = []
        for _ in range(self.options.moments if len(lanes) > 1 else 0):
            pair = chance.sample(range(len(lanes)), 2)
            for _ in range(20):
                one, two = lanes[pair[0]], lanes[pair[1]]
                if one["first"] < two["last"] and two["first"] < one["last"]:
                    break
                pair = chance.sample(range(len(lanes)), 2)
            if chance.random() < 0.5:
                bound = chance.choice([lanes[pair[0]]["first"], lanes[pair[1]]["last"]])
                moment = bound + chance.choice([-1, 0, 1, chance.randint(-(10**9), 10**9)])
            else:
                moment = chance.randint(0, info["length"])
            questions.append((pair, min(info["length"], max(0, moment))))

        def stamp(nanoseconds):
            return f"@{nanoseconds // 10**9}.{nanoseconds % 10**9:09}"

        def name(lane):
            # The time at which it is known to have run selects one process of those that had the PID.
            inside = lanes[lane]
            return f"{inside['number']}@{stamp(base + (inside['first'] + inside['last']) // 2)}"

        def answer(question):
            pair, moment = question
            return subprocess.run(
                [
                    self.options.program, "query", "same", name(pair[0]), name(pair[1]), "--at",
                    stamp(base + moment), "--format", "json", "--db", self.options.history,
                ],
                capture_output=True, text=True, check=False,
            ).stdout

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(answer, questions))
        self.compare(questions, [json.loads(text) if text else None for text in answers])

    def agreesWithAnswers(self):
        """The words at the cursor are those of the answers in a file."""
        with open(self.options.answers, encoding="utf-8") as file:
            asked = json.load(file)
        self.compare([(one["lanes"], one["time"]) for one in asked], [one["answer"] for one in asked])

    def compare(self, questions, answers):
        """Holds the words of the page against answers of `query same --at`."""
        verdicts = self.ask(f"{json.dumps(questions)}.map(([lanes, time]) => nshist.verdict(lanes, time))")
        counts = {}
        for question, theirs, mine in zip(questions, answers, verdicts):
            if theirs is None:
                self.faults.append(f"query same has no answer about {question}")
                continue

            def words(types, evidence):
                return [(one["type"], one["verdict"], one["reason"], evidence(one)) for one in types]

            said = [mine["verdict"], *words(mine["types"], lambda _: mine["evidence"])]
            asked = [theirs["verdict"], *words(theirs["types"], lambda one: one["evidence"])]
            for one in theirs["types"]:
                key = one["reason"] or one["verdict"]
                counts[key] = counts.get(key, 0) + 1
            if said != asked:
                self.faults.append(f"lanes {question[0]} at {question[1]} ns: {said} is not {asked}")
        print(f"{len(questions)} moments: {counts}")

    def texts(self):
        """Hostile texts are in the page as text, and made no element of it."""
        self.open()
        with open(self.options.texts, encoding="utf-8") as file:
            wanted = json.load(file)
        text = self.ask("document.body.innerText + document.title")
        for one in wanted:
            self.expect(one in text, f"the page does not show {one[:80]!r}")
        made = self.ask("document.querySelectorAll('img, b[id=evil], script:not([nonce]):not([type])').length")
        self.expect(made == 0, f"{made} elements were made of texts")
        self.expect(self.ask("window.evil === undefined"), "a text was executed")
        self.calm("texts")

    def isFast(self):
        """A large page is drawn soon, and each frame of a zoom too."""
        self.open()
        self.browser.frame()
        first = self.ask("performance.getEntriesByName('picture')[0].startTime")
        frames = self.ask(
            """(async () => {
              const frame = () => new Promise((done) => requestAnimationFrame(done));
              const lengths = [];
              let last = await frame();
              for (let step = 0; step < 90; step++) {
                const share = 1 - Math.abs(45 - step) / 46;
                const middle = nshist.length * (0.2 + 0.6 * step / 90);
                const half = nshist.length / 2 * Math.exp(-6 * share);
                nshist.show(middle - half, middle + half, true);
                document.getElementById("lanes").scrollTop += 40;
                const now = await frame();
                lengths.push(now - last);
                last = now;
              }
              return lengths.sort((a, b) => a - b);
            })()"""
        )
        size = os.path.getsize(self.options.page)
        median, late, most = frames[len(frames) // 2], frames[len(frames) * 95 // 100], frames[-1]
        print(
            f"{size} bytes, first picture after {first:.0f} ms, frames {median:.0f} ms (median), "
            f"{late:.0f} ms (of 95 in 100), {most:.0f} ms (longest)"
        )
        if self.options.large:
            self.expect(size <= 12_000_000, f"the page has {size} bytes")
            self.expect(first <= FIRST_PICTURE * self.options.patience, f"the first picture took {first:.0f} ms")
            self.expect(late <= FRAME * self.options.patience, f"a frame took {late:.0f} ms")

    def run(self):
        """Runs all checks, and returns the exit status."""
        self.looks()
        self.names()
        self.open()
        if self.ask("nshist.lanes.length") > 0:
            self.withoutScript()
            self.keys()
            self.pointer()
            self.links()
            self.tables()
            self.isFast()
        if self.options.texts:
            self.texts()
        self.open()
        if self.options.history:
            self.agrees()
        if self.options.answers:
            self.agreesWithAnswers()
        self.browser.close()
        for fault in self.faults[:20]:
            print(fault)
        if len(self.faults) > 20:
            print(f"and {len(self.faults) - 20} more")
        return 1 if self.faults else 0


def main():
    """Parses the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page")
    parser.add_argument("--history")
    parser.add_argument("--program")
    parser.add_argument("--moments", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--answers")
    parser.add_argument("--texts")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--patience", type=float, default=1, help="by how much the limits of time are multiplied")
    parser.add_argument("--pictures")
    return Check(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())

"""How results are printed: Markdown tables, a plot, and the figures that were to be reached."""


class Report:
    """Prints as it goes, and keeps the figures for the end."""

    def __init__(self):
        self.figures = []

    def heading(self, words):
        print(f"### {words}\n", flush=True)

    def say(self, words):
        print(f"{words}\n", flush=True)

    def table(self, header, rows):
        """A table; all columns but the first are aligned to the right."""
        rows = [[str(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(header, *rows)]
        rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
        for row in [header, rule, *rows]:
            first, *others = zip(row, widths)
            cells = [first[0].ljust(first[1])] + [cell.rjust(width) for cell, width in others]
            print(f"| {' | '.join(cells)} |", flush=True)
        print(flush=True)

    def plot(self, unit, groups):
        """Bars of groups of (words, value), each a line, all on one scale."""
        bars = [bar for group in groups.values() for bar in group]
        most = max(value for _, value in bars)
        width = max(len(words) for words, _ in bars)
        print("```")
        for name, group in groups.items():
            print(name)
            for words, value in group:
                bar = "#" * max(1, round(60 * value / most))
                print(f"  {words.rjust(width)} {bar} {value:,.1f} {unit}")
        print("```\n", flush=True)

    def figure(self, what, asked, value, digits=2, at_least=False):
        """A figure that was to be reached: at most `asked`, or at least."""
        met = value >= asked if at_least else value <= asked
        bound = "at least" if at_least else "at most"
        self.figures.append(
            (what, f"{bound} {asked:,}", f"{value:,.{digits}f}", "yes" if met else "no"))

    def end(self):
        if self.figures:
            self.heading("Figures")
            self.table(["what", "asked", "measured", "reached"], self.figures)

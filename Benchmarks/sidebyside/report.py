"""Prints the results: Markdown tables, a plot, and the figures with the targets that they had to reach."""


class Report:
    """Prints each result at once, and collects the figures to be printed at the end."""

    def __init__(self):
        self.figures = []

    def heading(self, words):
        print(f"### {words}\n", flush=True)

    def say(self, words):
        print(f"{words}\n", flush=True)

    def table(self, header, rows):
        """Prints a table; all columns but the first are aligned to the right."""
        rows = [[str(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(header, *rows)]
        rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
        for row in [header, rule, *rows]:
            first, *others = zip(row, widths)
            cells = [first[0].ljust(first[1])] + [cell.rjust(width) for cell, width in others]
            print(f"| {' | '.join(cells)} |", flush=True)
        print(flush=True)

    def plot(self, unit, groups):
        """Prints a bar for each (words, value) of each group, all on one scale."""
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
        """Adds a figure with its target: at most `asked`, or at least `asked`."""
        met = value >= asked if at_least else value <= asked
        bound = "at least" if at_least else "at most"
        self.figures.append(
            (what, f"{bound} {asked:,}", f"{value:,.{digits}f}", "yes" if met else "no"))

    def end(self):
        if self.figures:
            self.heading("Figures")
            self.table(["what", "asked", "measured", "reached"], self.figures)

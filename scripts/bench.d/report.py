"""Reads the measurements of driver.c: medians as tables, the goals, a plot, and all of it as JSON."""

import argparse
import collections
import json
import pathlib
import statistics

CONTENDERS = ["floor", "floor, renaming", "ippool", "host-local", "static", "go host-local", "go static"]
OURS = ["ippool", "host-local", "static"]
VERBS = ["ADD", "CHECK", "DEL", "VERSION"]


class Run:
    """What driver.c measured in one boot, by label, contender and verb."""

    def __init__(self, path):
        self.times = collections.defaultdict(list)
        self.memory = collections.defaultdict(int)
        self.faults = collections.defaultdict(list)
        self.batches = collections.defaultdict(list)
        for line in path.read_text().splitlines():
            name, verb, pod, nanoseconds, memory, faults = line.split("\t")
            label, contender = name.split("|")
            key = (label, contender, verb)
            if verb == "batch":
                self.batches[label, contender].append((int(pod), int(nanoseconds) / 1e6))
                continue
            self.times[key].append(int(nanoseconds) / 1e6)
            self.memory[key] = max(self.memory[key], int(memory))
            self.faults[key].append(int(faults))

    def median(self, *key):
        return statistics.median(self.times[key]) if key in self.times else None

    def spread(self, *key):
        """Half of the measurements lie between these two."""
        low, _, high = statistics.quantiles(self.times[key], n=4)
        return low, high

    def labels(self):
        return list(dict.fromkeys(label for label, _, _ in self.times))

    def summary(self):
        rows = []
        for label, contender, verb in self.times:
            key = (label, contender, verb)
            low, high = self.spread(*key)
            rows.append(
                {
                    "setting": label,
                    "contender": contender,
                    "verb": verb,
                    "pods": len(self.times[key]),
                    "medianMilliseconds": round(self.median(*key), 3),
                    "quartilesMilliseconds": [round(low, 3), round(high, 3)],
                    "peakKiB": self.memory[key],
                    "pageFaults": statistics.median(self.faults[key]),
                }
            )
        return rows


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def medians(run):
    """One row a setting and verb, one column a contender: median and quartiles in milliseconds."""
    present = [name for name in CONTENDERS if any(contender == name for _, contender, _ in run.times)]
    rows = []
    for verb in VERBS:
        for label in run.labels():
            cells = []
            for contender in present:
                key = (label, contender, verb)
                if key in run.times:
                    low, high = run.spread(*key)
                    cells.append(f"{run.median(*key):.2f} ({low:.2f}-{high:.2f})")
                else:
                    cells.append("")
            if any(cells):
                rows.append([verb, label, *cells])
    return table(["ms", "setting", *present], rows)


class Goals:
    """Ratios of medians of one run, each with its bound."""

    def __init__(self):
        self.rows = []

    def ratio(self, name, above, below, bound, at_least=False):
        if above is None or below is None:
            return
        ratio = above / below
        met = ratio >= bound if at_least else ratio <= bound
        self.add(name, f"{ratio:.2f}", f"{'at least' if at_least else 'at most'} {bound:.2f}", met)

    def add(self, name, value, bound, met):
        self.rows.append({"goal": name, "value": value, "bound": bound, "met": met})

    def text(self):
        cells = [[row["goal"], row["value"], row["bound"], "met" if row["met"] else "NOT MET"] for row in self.rows]
        return table(["goal", "measured", "bound", ""], cells)


def compare_goals(run, goals):
    for label in ["l2 v4", "l3s v4"]:
        for ours in OURS:
            add = run.median(label, ours, "ADD")
            goals.ratio(f"ADD, {label}, {ours} / C floor that renames", add, run.median(label, "floor, renaming", "ADD"), 1.5)
            goals.ratio(f"ADD, {label}, {ours} / C floor", add, run.median(label, "floor", "ADD"), 1.5)
            goals.ratio(f"ADD, {label}, {ours} / Go with host-local", add, run.median(label, "go host-local", "ADD"), 1 / 12)
            delete = run.median(label, ours, "DEL")
            goals.ratio(f"DEL, {label}, {ours} / C floor", delete, run.median(label, "floor", "DEL"), 1.3)
            goals.ratio(f"DEL, {label}, {ours} / Go with host-local", delete, run.median(label, "go host-local", "DEL"), 1 / 3)
    for ours in OURS:
        goals.ratio(f"ADD, dual stack / IPv4, {ours}", run.median("l3s dual", ours, "ADD"), run.median("l3s v4", ours, "ADD"), 1.3)
        goals.ratio(f"ADD, hostAccess on / off, {ours}", run.median("l3s v4 host", ours, "ADD"), run.median("l3s v4", ours, "ADD"), 1.3)
    goals.ratio("VERSION / Go, emulated", run.median("l3s v4", "static", "VERSION"), run.median("l3s v4", "go static", "VERSION"), 0.33)
    peak = max((run.memory[key] for key in run.memory if key[1] in OURS and key[2] == "ADD"), default=None)
    if peak:
        goals.add("peak memory of one ADD", f"{peak / 1024:.1f} MiB", "at most 8 MiB", peak <= 8192)


def breakdown(directory):
    """Where the time of an ADD goes, by its own log: medians of each step in microseconds."""
    logs = {path: [json.loads(line) for line in path.read_text().splitlines()] for path in sorted(directory.glob("*/*"))}
    names = list(dict.fromkeys(name for entries in logs.values() for entry in entries for name in entry["steps"]))
    rows = []
    for path, entries in logs.items():
        entries = entries[1:]  # The first one makes stores and what belongs to the master.
        cells = [
            f"{statistics.median(entry['steps'][name] for entry in entries):.0f}" if name in entries[0]["steps"] else ""
            for name in names
        ]
        whole = statistics.median(entry["microseconds"] for entry in entries)
        rows.append([path.parent.name, path.name, *cells, f"{whole:.0f}"])
    return table(["steps of ADD, us", "", *names, "whole"], rows)


def parallel_goals(run, goals):
    rates = {}
    for (label, contender), batches in run.batches.items():
        adds = batches[: len(batches) // 2]
        rates[contender] = sum(count for count, _ in adds) / sum(time for _, time in adds) * 1000
    rows = [[name, f"{rate:.1f}"] for name, rate in rates.items()]
    for ours in OURS:
        goals.ratio(f"attachments a second, in parallel, {ours} / Go", rates.get(ours), rates.get("go host-local"), 4, at_least=True)
    return table(["ADD in parallel", "attachments a second"], rows) if rows else ""


def lease_goals(run, goals):
    labels = sorted({label for label, _, _ in run.times if label != "fill"}, key=lambda label: int(label.split()[0]))
    rows = []
    for contender in dict.fromkeys(contender for label, contender, _ in run.times if label != "fill"):
        for verb in ["ADD", "DEL"]:
            cells = [f"{run.median(label, contender, verb):.2f}" for label in labels]
            few, many = (run.median(label, contender, verb) for label in labels)
            rows.append([contender, verb, *cells, f"{many / few:.2f}"])
        if contender in OURS:
            few, many = (run.median(label, contender, "ADD") for label in labels)
            goals.ratio(f"allocation while {labels[1]} are held / {labels[0]}, {contender}", many, few, 1.5)
    return table(["addresses alone, ms", "", *labels, "ratio"], rows)


# What Spiderpool's coordinator, a veth with its rules, is compared with.
VIA_NODE = ["pod to own node", "node to own pod", "pod to ClusterIP, remote backend"]


def traffic(path, goals):
    """Round trips in microseconds and streams in Gbit/s of the emulated machine, medians, by pair and variant."""
    measured = collections.defaultdict(list)
    for line in path.read_text().splitlines():
        label, kind, nanoseconds = line.split("\t")
        pair, variant = label.split("|")
        measured[pair, variant, kind].append(int(nanoseconds))
    median = {key: statistics.median(values) for key, values in measured.items()}
    variants = ["floor", "l3s", "l3", "veth"]
    rows, results = [], []
    for pair in dict.fromkeys(pair for pair, _, _ in median):
        for kind in ["trip", "stream"]:
            cells = []
            for variant in variants:
                value = median.get((pair, variant, kind))
                if value is None:
                    cells.append("")
                    continue
                figure = value / 1e3 if kind == "trip" else (1 << 23) / value
                cells.append(f"{figure:.1f}")
                results.append({"pair": pair, "variant": variant, "kind": kind, "median": round(figure, 2)})
            rows.append([pair, "round trip, us" if kind == "trip" else "stream, Gbit/s", *cells])
    for variant in ["l3s", "l3"]:
        for pair in VIA_NODE:
            trip = median[pair, variant, "trip"], median[pair, "veth", "trip"]
            goals.ratio(f"round trip, {pair}, {variant} / veth", *trip, 0.85)
            # Nanoseconds for each MiB: fewer are faster.
            stream = median[pair, "veth", "stream"], median[pair, variant, "stream"]
            goals.ratio(f"throughput, {pair}, {variant} / veth", *stream, 1, at_least=True)
        trip = median["pod to remote pod", variant, "trip"], median["node to node", "floor", "trip"]
        goals.ratio(f"round trip, pod to remote pod, {variant} / node to node", *trip, 1.05)
    return table(["traffic", "", "node", "l3s", "l3", "veth, coordinator"], rows), results


def growth_goals(run, goals):
    rows = []
    for contender in CONTENDERS:
        times = run.times.get(("growth", contender, "ADD"))
        if not times:
            continue
        # The very first one of a master builds what the others share.
        edge = max(8, len(times) // 20)
        first, last = statistics.median(times[4 : 4 + edge]), statistics.median(times[-edge:])
        rows.append([contender, str(len(times)), f"{first:.2f}", f"{last:.2f}", f"{last / first:.2f}"])
        if contender in OURS:
            goals.ratio(f"ADD number {len(times)} / the first, {contender}", last, first, 1.3)
    return table(["ADD, ms", "pods", "first", "last", "ratio"], rows) if rows else ""


def plot(run, path):
    import matplotlib

    matplotlib.use("svg" if path.suffix == ".svg" else "agg")
    import matplotlib.pyplot as pyplot

    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    for contender in CONTENDERS:
        times = run.times.get(("growth", contender, "ADD"))
        if times:
            style = {"color": "grey"} if contender == "floor" else {"linestyle": "--"} if contender.startswith("go ") else {}
            window = 9
            smooth = [statistics.median(times[max(0, i - window) : i + window + 1]) for i in range(len(times))]
            axes.plot(range(1, len(times) + 1), smooth, label=contender, linewidth=1.2, **style)
    axes.set(xlabel="pods on the node", ylabel="one ADD, ms", yscale="log", title="Latency of ADD as the node fills up")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=130)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compare", type=pathlib.Path, help="measurements of the interleaved comparison")
    parser.add_argument("--steps", type=pathlib.Path, help="measurements of ADDs that log their steps")
    parser.add_argument("--logs", type=pathlib.Path, help="the logs of these")
    parser.add_argument("--one-master", type=pathlib.Path, help="measurements of one master under load")
    parser.add_argument("--growth", type=pathlib.Path, help="measurements of a node that fills up")
    parser.add_argument("--leases", type=pathlib.Path, help="measurements of allocations alone")
    parser.add_argument("--traffic", type=pathlib.Path, help="measurements of round trips and streams")
    parser.add_argument("--facts", type=pathlib.Path, help="other figures: JSON lines with goal, value, bound, met")
    parser.add_argument("--json", type=pathlib.Path, help="where to write all of it as JSON")
    parser.add_argument("--plot", type=pathlib.Path, help="where to write the plot of latency against pods")
    arguments = parser.parse_args()
    goals, results, parts = Goals(), {}, []
    judges = {"compare": compare_goals, "one_master": parallel_goals, "growth": growth_goals, "leases": lease_goals}
    for name, judge in judges.items():
        path = getattr(arguments, name)
        if not path:
            continue
        run = Run(path)
        results[name] = run.summary()
        if name not in ("growth", "leases"):
            parts.append(medians(run))
        parts.append(judge(run, goals))
        if name == "compare" and arguments.logs:
            parts.append(breakdown(arguments.logs))
        if name == "growth" and arguments.plot:
            plot(run, arguments.plot)
    if arguments.traffic:
        text, results["traffic"] = traffic(arguments.traffic, goals)
        parts.append(text)
    if arguments.facts:
        goals.rows += [json.loads(line) for line in arguments.facts.read_text().splitlines()]
    parts.append(goals.text())
    if arguments.json:
        arguments.json.write_text(json.dumps({"goals": goals.rows, **results}, indent=1) + "\n")
    print("\n".join(part for part in parts if part))


main()

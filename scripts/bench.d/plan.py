"""Writes what the guest of the benchmark runs: jobs for driver.c, configurations, pools and the masters to make."""

import argparse
import json
import pathlib

# Who is measured. The floor has no CHECK: it keeps nothing that could be compared.
PROGRAMS = {"floor": "/plan/floor", "go": "/usr/lib/cni/ipvlan", "ours": "/plan/ipvlan"}
CONTENDERS = ["floor", "floor, renaming", "ippool", "host-local", "static", "go host-local", "go static"]
MASTER_INDEX = 101


class Site:
    """One master and the addresses that each contender has on it."""

    def __init__(self, directory, number, mode="l2", families=(4,), host_access=False, log=None):
        self.directory, self.number, self.mode, self.families = directory, number, mode, families
        self.host_access, self.log = host_access, log
        self.master = f"m{number}"
        self.index = MASTER_INDEX + number

    def network(self, contender, family):
        block = CONTENDERS.index(contender) * 16
        if family == 4:
            return f"10.{self.number}.{block}.0/20", f"10.{self.number}.{block}.1"
        return f"fd00:{self.number}:{block}::/64", f"fd00:{self.number}:{block}::1"

    def address(self, contender, family, pod):
        prefix, gateway = self.network(contender, family)
        if family == 6:
            return f"{gateway[:-1]}{pod + 2:x}/64", gateway
        block = CONTENDERS.index(contender) * 16
        return f"10.{self.number}.{block + (pod + 2) // 256}.{(pod + 2) % 256}/20", gateway

    def configuration(self, contender, pod):
        """The path of the configuration with which the contender attaches the pod."""
        allocator = contender.removeprefix("go ")
        name = f"{self.number}-{contender.replace(' ', '-')}"
        file = f"conf/{name}-{pod}" if allocator == "static" else f"conf/{name}"
        if (self.directory / file).exists():
            return f"/plan/{file}"
        configuration = {
            "cniVersion": "1.0.0" if contender.startswith("go ") else "1.1.0",
            "name": name,
            "type": "ipvlan",
            "master": self.master,
            "mode": self.mode,
            "ipam": getattr(self, "ipam_" + allocator.replace("-", "_"))(contender, name, pod),
        }
        if self.log:
            configuration["logFile"] = f"{self.log}/{contender}"
        if self.host_access and not contender.startswith("go "):
            configuration["hostAccess"] = True
        (self.directory / file).write_text(json.dumps(configuration))
        return f"/plan/{file}"

    def default_routes(self):
        return [{"dst": {4: "0.0.0.0/0", 6: "::/0"}[family]} for family in self.families]

    def ipam_static(self, contender, name, pod):
        addresses = []
        for family in self.families:
            address, gateway = self.address(contender, family, pod)
            addresses.append({"address": address, "gateway": gateway})
        return {"type": "static", "addresses": addresses, "routes": self.default_routes()}

    def ipam_host_local(self, contender, name, pod):
        networks = [self.network(contender, family) for family in self.families]
        ranges = [[{"subnet": subnet, "gateway": gateway}] for subnet, gateway in networks]
        return {"type": "host-local", "ranges": ranges, "routes": self.default_routes(), "dataDir": "/tmp/host-local"}

    def ipam_ippool(self, contender, name, pod):
        for family in self.families:
            subnet, gateway = self.network(contender, family)
            last = "10.%d.%d.254" % (self.number, CONTENDERS.index(contender) * 16 + 15)
            first = gateway[:-1]
            pool = {
                "apiVersion": "spiderpool.spidernet.io/v2beta1",
                "kind": "SpiderIPPool",
                "metadata": {"name": f"{name}-v{family}"},
                "spec": {
                    "ipVersion": family,
                    "subnet": subnet,
                    "ips": [f"{first}2-{last if family == 4 else first + 'ffff'}"],
                    "gateway": gateway,
                    "default": True,
                },
            }
            (self.directory / "pools" / f"{name}-v{family}.json").write_text(json.dumps(pool))
        pools = [f"{name}-v{family}" for family in self.families]
        return {"type": "ippool", "singleNode": True, "poolDir": "/plan/pools", "dataDir": "/tmp/ippool", "pools": pools}


class Plan:
    def __init__(self, directory):
        self.directory = directory
        self.pods, self.lines, self.sites, self.logs = [], [], [], []

    def site(self, **options):
        site = Site(self.directory, len(self.sites), **options)
        self.sites.append(site)
        return site

    def run(self, label, verb, site, contender, pod):
        name = f"{label}-{contender}-{pod}".replace(" ", "-").replace(",", "").replace("/", "-")
        if verb == "ADD":
            self.pods.append(name)
        configuration, program = "-", [PROGRAMS["go" if contender.startswith("go ") else "ours"]]
        if contender.startswith("floor"):
            program = [PROGRAMS["floor"], *self.floor(verb, site, contender, name, pod)]
        elif verb != "VERSION":
            configuration = site.configuration(contender, pod)
        self.lines.append("\t".join(["run", f"{label}|{contender}", verb, name, str(configuration), *program]))

    def floor(self, verb, site, contender, name, pod):
        if verb == "VERSION":
            return ["version"]
        if verb == "DEL":
            return ["del", f"/run/netns/{name}", "eth0"]
        mode = {"l2": "0", "l3": "1", "l3s": "2"}[site.mode]
        addresses = [part for family in site.families for part in site.address(contender, family, pod)]
        return ["add-renamed" if contender == "floor, renaming" else "add", f"/run/netns/{name}", "eth0", str(site.index), mode, *addresses]

    def interleaved(self, label, site, contenders, pods):
        """A B C, C B A, A B C ...: so that nobody always follows the same one."""
        for verb in ["VERSION", "ADD", "CHECK", "DEL"]:
            for pod in range(pods):
                for contender in contenders if pod % 2 == 0 else reversed(contenders):
                    if verb != "CHECK" or not contender.startswith("floor"):
                        self.run(label, verb, site, contender, pod)

    def write(self):
        pods = "".join(f"pod\t{name}\n" for name in self.pods)
        (self.directory / "jobs").write_text(pods + "".join(line + "\n" for line in self.lines))
        masters = "".join(f"{site.master} {site.index} {site.number}\n" for site in self.sites)
        (self.directory / "masters").write_text(masters)
        (self.directory / "logs").write_text("".join(log + "\n" for log in self.logs))


def compare(plan, contenders, pods):
    """Each contender in each mode that changes what has to be done."""
    for label, options in {
        "l2 v4": {},
        "l2 dual": {"families": (4, 6)},
        "l3s v4": {"mode": "l3s"},
        "l3s dual": {"mode": "l3s", "families": (4, 6)},
        "l3s v4 host": {"mode": "l3s", "host_access": True},
    }.items():
        site = plan.site(**options)
        if options.get("host_access"):
            plan.interleaved(label, site, [name for name in contenders if name in ("host-local", "ippool", "static")], pods)
        else:
            plan.interleaved(label, site, contenders, pods)


def steps(plan, pods):
    """ADDs that log how long each of their steps took."""
    for label, options in {
        "l2, dual stack": {"families": (4, 6)},
        "l3s": {"mode": "l3s"},
        "l3s, hostAccess": {"mode": "l3s", "host_access": True},
    }.items():
        log = f"/tmp/logs/{label}"
        site = plan.site(log=log, **options)
        plan.logs.append(log)
        for pod in range(pods):
            for contender in ["ippool", "host-local", "static"]:
                plan.run(label, "ADD", site, contender, pod)


def one_master(plan, contenders, pods, at_once):
    """Pods one after the other on one master, then as many at once."""
    for contender in contenders:
        site = plan.site()
        for pod in range(pods):
            plan.run("sequential", "ADD", site, contender, pod)
        for pod in range(pods):
            plan.run("sequential", "DEL", site, contender, pod)
        for verb in ["ADD", "DEL"]:
            for first in range(0, pods, at_once):
                batch = range(first, min(first + at_once, pods))
                plan.lines.append(f"batch\t{len(batch)}")
                for pod in batch:
                    plan.run("parallel", verb, site, contender, pod)


def growth(plan, contenders, pods, masters):
    """Pods spread over several masters, none leaving: does the last one cost more than the first?"""
    sites = {contender: [plan.site() for _ in range(masters)] for contender in contenders}
    for pod in range(pods):
        for contender in contenders:
            plan.run("growth", "ADD", sites[contender][pod % masters], contender, pod)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("scenario", choices=["compare", "steps", "one-master", "growth"])
    parser.add_argument("--contenders", help="their names, with / between them")
    parser.add_argument("--pods", type=int, default=40)
    parser.add_argument("--at-once", type=int, default=32)
    arguments = parser.parse_args()
    for name in ["conf", "pools"]:
        (arguments.directory / name).mkdir(parents=True, exist_ok=True)
    plan = Plan(arguments.directory)
    contenders = arguments.contenders.split("/") if arguments.contenders else CONTENDERS
    if arguments.scenario == "compare":
        compare(plan, contenders, arguments.pods)
    elif arguments.scenario == "steps":
        steps(plan, arguments.pods)
    elif arguments.scenario == "one-master":
        one_master(plan, contenders, arguments.pods, arguments.at_once)
    else:
        growth(plan, contenders, arguments.pods, masters=4)
    plan.write()


main()

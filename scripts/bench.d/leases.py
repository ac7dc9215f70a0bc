"""Writes jobs for driver.c that allocate addresses while few leases are held, and many; needs no special kernel."""

import argparse
import json
import pathlib

GO = "/usr/lib/cni/host-local"


class Leases:
    """Allocators that start with as many leases of others, each on a network of its own."""

    def __init__(self, directory, plugin, held):
        self.directory, self.held, self.label = directory / str(held), held, f"{held} leases"
        self.directory.mkdir(parents=True)
        # By these names the plugin gives addresses alone.
        self.ours = {name: self.link(name, plugin) for name in ["ippool", "host-local"]}
        self.lines = []

    def link(self, name, plugin):
        path = self.directory / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(plugin)
        return str(path)

    def configuration(self, name, ipam):
        path = self.directory / f"{name}.conf"
        path.write_text(json.dumps({"cniVersion": "1.0.0", "name": name, "type": "ipvlan", "ipam": ipam}))
        return path

    def host_local(self, name):
        """Leases in the reference's files: at the start of the range, the next address being free."""
        network = self.directory / "data" / name
        network.mkdir(parents=True)
        address = None
        for number in range(2, self.held + 2):
            address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            (network / address).write_text(f"other{number}\r\neth0")
        (network / "last_reserved_ip.0").write_text(address)
        ipam = {"type": "host-local", "dataDir": str(network.parent), "ranges": [[{"subnet": "10.0.0.0/14"}]]}
        return self.configuration(name, ipam)

    def ippool(self):
        pools = self.directory / "pools"
        pools.mkdir()
        spec = {"ipVersion": 4, "subnet": "10.0.0.0/14", "ips": ["10.0.0.2-10.3.255.254"], "default": True}
        pool = {
            "apiVersion": "spiderpool.spidernet.io/v2beta1",
            "kind": "SpiderIPPool",
            "metadata": {"name": "pool"},
            "spec": spec,
        }
        (pools / "pool.json").write_text(json.dumps(pool))
        ipam = {"type": "ippool", "singleNode": True, "poolDir": str(pools), "dataDir": str(self.directory / "ippool")}
        configuration = self.configuration("ippool", ipam)
        for number in range(self.held):
            self.run("fill|ippool", "ADD", f"other{number}", configuration, self.ours["ippool"])
        return configuration

    def run(self, label, verb, pod, configuration, program):
        self.lines.append("\t".join(["run", label, verb, pod, str(configuration), program]))

    def prepare(self):
        both = self.host_local("both")
        # Name, configuration, program, and who changes the directory before each call.
        self.turns = [
            ("ippool", self.ippool(), self.ours["ippool"], None),
            ("host-local", self.host_local("ours"), self.ours["host-local"], None),
            ("go host-local", self.host_local("go"), GO, None),
            ("host-local after go", both, self.ours["host-local"], GO),
        ]
        for _, configuration, program, _ in self.turns:
            self.run("fill|first", "ADD", "first", configuration, program)

    def round(self, number):
        for name, configuration, program, before in self.turns:
            if before:
                self.run("fill|before", "ADD", f"before{number}", configuration, before)
            for verb in ["ADD", "DEL"]:
                self.run(f"{self.label}|{name}", verb, f"pod{number}", configuration, program)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("plugin", type=pathlib.Path)
    parser.add_argument("--held", default="10,65536", help="how many leases others hold")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    sizes = [Leases(arguments.directory, arguments.plugin, int(held)) for held in arguments.held.split(",")]
    for size in sizes:
        size.prepare()
    lines = [line for size in sizes for line in size.lines]
    for number in range(arguments.rounds):
        for size in sizes:
            size.lines = []
            size.round(number)
            lines += size.lines
    (arguments.directory / "jobs").write_text("".join(line + "\n" for line in lines))


main()

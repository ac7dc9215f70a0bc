import Addressing
import IPAM
import JSON

// What a main plugin does with an allocator: it gives, checks and takes back. `give` also refuses what the node has.
let ipam: JSONObject = [
  "reservations": .object(["default/web-0": .string("10.0.0.5/24")]), "gateway": .string("10.0.0.1"),
]
let allocator = try ReservationAllocator(JSONFields(ipam, path: "ipam"))

func request(_ name: String) -> AllocationRequest {
  AllocationRequest(
    attachment: AttachmentID(network: "vpc", containerID: name, ifname: "eth0"),
    pod: AllocationRequest.Pod(namespace: "default", name: name))
}

let allocation = try allocator.give(request("web-0"))
for assignment in allocation.assignments { print("web-0 has \(assignment.address)") }
try allocator.check(request("web-0"), addresses: allocation.assignments)

do throws(AllocationError) { _ = try allocator.give(request("web-1")) } catch { print(error.text) }

var occupied = request("web-0")
if let address = IPAddress("10.0.0.5") { occupied.occupied.note(address, on: "ens5") }
do throws(AllocationError) { _ = try allocator.give(occupied) } catch { print(error.message) }

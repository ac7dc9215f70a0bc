/// The pools of the guide, as its reader pastes them: one text of four documents.
enum Guide {
  static let pools = """
    apiVersion: spiderpool.spidernet.io/v2beta1
    kind: SpiderIPPool
    metadata:
      name: master-v4-ens5
    spec:
      subnet: 172.31.16.0/20
      ips:
        - 172.31.16.4-172.31.16.8
      gateway: 172.31.16.1
      default: true
      nodeName: ["master"]
      multusName: ["default/ipvlan-ens5"]
    ---
    apiVersion: spiderpool.spidernet.io/v2beta1
    kind: SpiderIPPool
    metadata:
      name: master-v4-ens6
    spec:
      subnet: 210.22.16.0/24
      ips:
        - 210.22.16.11-210.22.16.15
      gateway: 210.22.16.1
      default: true
      nodeName: ["master"]
      multusName: ["default/ipvlan-ens6"]
    ---
    apiVersion: spiderpool.spidernet.io/v2beta1
    kind: SpiderIPPool
    metadata:
      name: worker1-v4-ens5
    spec:
      subnet: 180.17.16.0/24
      ips:
        - 180.17.16.11-180.17.16.15
      gateway: 180.17.16.1
      default: true
      nodeName: ["worker1"]
      multusName: ["default/ipvlan-ens5"]
    ---
    apiVersion: spiderpool.spidernet.io/v2beta1
    kind: SpiderIPPool
    metadata:
      name: worker1-v4-ens6
    spec:
      subnet: 210.22.32.0/24
      ips:
        - 210.22.32.11-210.22.32.15
      gateway: 210.22.32.1
      default: true
      nodeName: ["worker1"]
      multusName: ["default/ipvlan-ens6"]
    """ + "\n"
}

import KubernetesClient
import KubernetesStandIn
import Testing

@Suite struct AuthenticationTests {
  @Test("a token that is replaced in its file counts at once after a 401")
  func rotation() async throws {
    try await withDirectory { directory in
      try await StandIn.run { server in
        try write("first\n", to: directory + "/token")
        try write(
          kubeconfig(server: server.address, user: "{tokenFile: token}"), to: directory + "/kubeconfig")
        server.setToken("first", isKnown: true)
        let configuration = ClientConfiguration(
          source: .kubeconfig(paths: [directory + "/kubeconfig"]), userAgent: "test")
        try await APIClient.withClient(configuration, log: quiet) { client in
          _ = try await client.list(widgets)
          server.setToken("first", isKnown: false)
          #expect(await failure { _ = try await client.list(widgets) }?.kind == .unauthorized)
          server.setToken("second", isKnown: true)
          try write("second", to: directory + "/token")
          _ = try await client.list(widgets)
          #expect(server.requests.count == 4)
        }
      }
    }
  }

  @Test("a token that is replaced counts after the interval, without a 401")
  func interval() async throws {
    try await withDirectory { directory in
      try await StandIn.run { server in
        try write("first", to: directory + "/token")
        try write(
          kubeconfig(server: server.address, user: "{tokenFile: token}"), to: directory + "/kubeconfig")
        server.setToken("first", isKnown: true)
        server.setToken("second", isKnown: true)
        var configuration = ClientConfiguration(
          source: .kubeconfig(paths: [directory + "/kubeconfig"]), userAgent: "test")
        configuration.reloadInterval = .milliseconds(50)
        try await APIClient.withClient(configuration, log: quiet) { client in
          _ = try await client.list(widgets)
          try write("second", to: directory + "/token")
          try await Task.sleep(for: .milliseconds(60))
          server.setToken("first", isKnown: false)
          _ = try await client.list(widgets)
          #expect(server.requests.count == 2)
          // A file that is away for a moment stops nothing.
          try write("", to: directory + "/token")
          try await Task.sleep(for: .milliseconds(60))
          _ = try await client.list(widgets)
        }
      }
    }
  }

  @Test("a server that moves is found by the next request")
  func moved() async throws {
    try await withDirectory { directory in
      let path = directory + "/kubeconfig"
      try await StandIn.run { first in
        try write(kubeconfig(server: first.address, user: "{token: admin}"), to: path)
        var configuration = ClientConfiguration(source: .kubeconfig(paths: [path]), userAgent: "test")
        configuration.reloadInterval = .zero
        try await APIClient.withClient(configuration, log: quiet) { client in
          _ = try await client.list(widgets)
          try await StandIn.run { second in
            try write(kubeconfig(server: second.address, user: "{token: admin}"), to: path)
            _ = try await client.list(widgets)
            #expect(second.requests.count == 1)
          }
        }
      }
    }
  }

  @Test("what nobody may do is forbidden, with verb and resource")
  func forbidden() async throws {
    try await withStandIn(token: "nobody") { _, client in
      let error = await failure { _ = try await client.list(widgets) }
      #expect(error?.kind == .forbidden)
      #expect(error?.description.contains("cannot list it") ?? false)
    }
  }

  @Test(
    "what a kubeconfig may not say is refused by its name",
    arguments: [
      ("{exec: {command: aws}}", "", "exec \"aws\" is not supported"),
      ("{auth-provider: {name: gcp}}", "", "auth-provider \"gcp\" is not supported"),
      ("{username: root, password: x}", "", "username \"root\" is not supported"),
      ("{token: t, as: other}", "", "as \"other\" is not supported"),
      ("{token: t}", "insecure-skip-tls-verify: true", "insecure-skip-tls-verify is true"),
      ("{token: t}", "proxy-url: \"http://p\"", "proxy-url \"http://p\" is not supported"),
      ("{tokenFile: absent}", "", "absent cannot be read: no such file"),
      ("{client-certificate: a.crt}", "", "a.crt cannot be read"),
      ("{client-certificate-data: YQ==}", "", "has one of client-certificate and client-key"),
      (
        "{client-certificate-data: YQ==, client-key-data: YQ==}", "",
        "the client certificate: it is not in PEM"
      ),
      ("{token: t}", "certificate-authority-data: \"!\"", "certificate-authority"),
      ("{token: t}", "certificate-authority-data: YQ==", "certificate authority"),
    ])
  func refused(_ user: String, _ cluster: String, _ words: String) async throws {
    try await withDirectory { directory in
      let path = directory + "/kubeconfig"
      try write(kubeconfig(server: "https://127.0.0.1:1", user: user, cluster: cluster), to: path)
      let configuration = ClientConfiguration(source: .kubeconfig(paths: [path]), userAgent: "test")
      await APIClient.withClient(configuration, log: quiet) { client in
        let error = await failure { _ = try await client.list(widgets) }
        #expect(error?.kind == .configuration)
        #expect(error?.description.contains(words) ?? false, "\(error?.description ?? "")")
      }
    }
  }

  @Test(
    "a kubeconfig that is not one is told by key",
    arguments: [
      ("", "no current-context"), ("clusters: 1", "clusters"), ("- a", "the document is of another type"),
      ("clusters: [", "at line 2"), ("users: [{name: u, user: {token: 1}}]", "key \"users[0].user.token\""),
      ("current-context: x", "no context \"x\""),
      ("clusters: []", "no current-context"),
      ("contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x", "no cluster \"c\""),
      (
        "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\nclusters: [{name: c, cluster: {server: \"ftp://h\"}}]",
        "server \"ftp://h\" is not of the form"
      ),
      (
        "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\nclusters: [{name: c, cluster: {server: \"http://h\"}}]",
        "no user \"u\""
      ),
    ])
  func malformed(_ text: String, _ words: String) async throws {
    try await withDirectory { directory in
      let path = directory + "/kubeconfig"
      try write(text, to: path)
      let configuration = ClientConfiguration(source: .kubeconfig(paths: [path]), userAgent: "test")
      await APIClient.withClient(configuration, log: quiet) { client in
        let error = await failure { _ = try await client.list(widgets) }
        #expect(error?.kind == .configuration)
        #expect(error?.description.contains(words) ?? false, "\(error?.description ?? "")")
      }
    }
  }

  @Test("credentials are looked for as kubectl does")
  func find() throws {
    #expect(
      try CredentialSource.find(kubeconfig: "a", environment: ["KUBECONFIG": "b"])
        == .kubeconfig(paths: ["a"]))
    #expect(try CredentialSource.find(environment: ["KUBECONFIG": "b:c"]) == .kubeconfig(paths: ["b", "c"]))
    let pod = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
    #expect(InClusterFiles(environment: pod)?.host == "fd00::1")
    #expect(throws: KubernetesError.self) { _ = try CredentialSource.find(environment: [:]) }
  }
}

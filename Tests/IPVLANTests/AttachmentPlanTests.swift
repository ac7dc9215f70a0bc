import Testing

@testable import IPVLAN

@Suite struct AttachmentPlanTests {
  @Test func anAttachmentInL2WithBothFamiliesAnnouncesItselfWhenTheLinkIsUp() {
    #expect(
      AttachmentPlan.steps(hasIPv6: true, announces: true, .separate) == [
        .holdMode, .createLink, .prepareIPv6, .setUpLink, .routeBySource, .announce, .releaseMode,
      ])
  }

  @Test func noOtherPodWaitsForTheModeWhileHostAccessIsMade() {
    #expect(
      AttachmentPlan.steps(hasIPv6: false, announces: false, .open) == [
        .holdMode, .createLink, .setUpLink, .routeBySource, .releaseMode, .openHostAccess,
      ])
  }

  @Test func aPodWithoutHostAccessIsFencedBehindItsAddresses() {
    #expect(
      AttachmentPlan.steps(hasIPv6: true, announces: false, .fenced) == [
        .holdMode, .createLink, .prepareIPv6, .setUpLink, .routeBySource, .releaseMode, .fence,
      ])
  }

  @Test(arguments: [PluginConfiguration.NodeAccess.open, .fenced, .separate], [true, false])
  func eachStepIsMadeOnce(_ access: PluginConfiguration.NodeAccess, _ hasIPv6: Bool) {
    let steps = AttachmentPlan.steps(hasIPv6: hasIPv6, announces: true, access)
    #expect(Set(steps).count == steps.count)
    #expect(steps.first == .holdMode)
  }
}

import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { root } from "./cli/Process.ts"
import { expressions, panels, read } from "./support/Deploy.ts"

const compose = read("deploy/compose.yaml")

/** The services of the compose file, as their text. */
const services = Object.fromEntries(
  compose.split("\nservices:\n")[1]!.split(/\n(?=\S)/)[0]!.split(/^ {2}(?=\w)/m).filter((part) => /^\w/.test(part))
    .map((part) => [part.split(":")[0]!, part])
)

const values = (text: string, pattern: RegExp): ReadonlyArray<string> =>
  Array.from(text.matchAll(pattern), ([_, value]) => value!)

// Only its shape: there is no container engine where the tests run.
describe("deploy/compose.yaml", () => {
  it("has the program and everything to watch it by", () => {
    assert.sameMembers(Object.keys(services), ["app", "postgres", "collector", "jaeger", "prometheus", "grafana"])
  })

  it("pins every image to a version", () => {
    const images = values(compose, /^ +image: (.+)$/gm)
    assert.strictEqual(images.length, Object.keys(services).length - 1)
    for (const image of images) assert.match(image, /^[\w./-]+:v?\d+\.\d+(\.\d+)?(-\w+)?$/)
    assert.match(read("deploy/Dockerfile"), /^FROM node:\d+\.\d+\.\d+-/m)
  })

  it("opens ports on the loopback only", () => {
    const ports = values(compose, /^ +- "?([\d.:]*\d+:\d+)"?$/gm)
    assert.isAbove(ports.length, 3)
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/)
  })

  it("mounts files that there are, read-only, and volumes that it declares", () => {
    const declared = values(compose.split("\nvolumes:\n")[1]!, /^ {2}(\w+):$/gm)
    for (const mount of values(compose, /^ +- ((?:\.|\w+:\/)\S+)$/gm)) {
      const [from, , mode] = mount.split(":") as [string, string, string?]
      if (from.startsWith(".")) {
        assert.isTrue(existsSync(join(root, "deploy", from)), from)
        assert.strictEqual(mode, "ro", from)
      } else {
        assert.include(declared, from)
      }
    }
  })

  it("sends to services that it has, by the names that the collector's configuration has as defaults", () => {
    const hosts = [
      ...values(compose, /(?:http|postgres):\/\/(?:\w+:\w+@)?([a-z]+):\d+/g),
      ...values(read("deploy/grafana/provisioning/datasources/thunderline.yaml"), /http:\/\/(\w+):/g),
      ...values(read("otel-collector.yaml"), /:-http:\/\/(\w+):/g),
      ...values(read("deploy/prometheus/prometheus.yml"), /^ +- targets: \["(\w+):/gm)
    ]
    assert.isAbove(hosts.length, 6)
    // Loki is what the collector may send logs to, if somebody has it.
    for (const host of hosts.filter((name) => name !== "loki")) assert.property(services, host)
  })
})

describe("deploy/grafana/thunderline.json", () => {
  const dashboard = JSON.parse(read("deploy/grafana/thunderline.json"))

  it("asks only data sources that are provisioned", () => {
    const provisioned = values(read("deploy/grafana/provisioning/datasources/thunderline.yaml"), /^ +uid: (\w+)$/gm)
    for (const panel of dashboard.panels) {
      for (const source of [panel, ...panel.targets]) assert.include(provisioned, source.datasource.uid)
    }
  })

  it("shows a panel for everything that one looks for first, none over another", () => {
    const titles = dashboard.panels.map(({ title }: { readonly title: string }) => title)
    assert.strictEqual(new Set(titles).size, titles.length)
    assert.strictEqual(
      new Set(dashboard.panels.map(({ gridPos }: any) => `${gridPos.x},${gridPos.y}`)).size,
      titles.length
    )
    assert.isAtLeast(panels.length, titles.length)
    assert.isAbove(expressions.length, panels.length)
  })
})

describe("deploy/systemd/thunderline.service", () => {
  it("starts the program again that ended with 70", () => {
    const unit = read("deploy/systemd/thunderline.service")
    assert.match(unit, /^Restart=on-failure$/m)
    assert.notMatch(unit, /^(RestartPreventExitStatus|SuccessExitStatus)=/m)
  })
})

import { type FormEvent, useEffect, useRef, useState } from "react"
import type { DomainInfo } from "../../src/control/DomainInfo.ts"
import * as Format from "../../src/control/Format.ts"
import type { Operation } from "../../src/model/DomainControl.ts"
import * as Connection from "./Connection.ts"
import * as PageText from "./PageText.ts"
import * as Session from "./Session.ts"
import { current, useKnown } from "./Store.ts"

const none = "No other domain depends on it."

const verb: Readonly<Record<Operation, string>> = { restart: "Restart", activate: "Activate", deactivate: "Deactivate" }

/** What the operation will do. */
const consequence = (domain: DomainInfo, operation: Operation): string => {
  const { name } = domain
  const users = PageText.dependants(name, current().domains)
  const others = `${Format.names(users)} ${users.length === 1 ? "depends" : "depend"} on it and`
  switch (operation) {
    case "activate":
      return `${name} waits for its gate again. It activates as soon as all that it depends on is active.`
    case "restart":
      return `Generation ${domain.generation} of ${name} ends and generation ${domain.generation + 1} is built. ${
        users.length === 0 ? none : `${others} ${users.length === 1 ? "restarts" : "restart"} with it.`
      }`
    case "deactivate":
      return `${name} becomes inactive until it is activated again. ${
        users.length === 0 ? none : `${others} ${users.length === 1 ? "waits" : "wait"} until then.`
      }`
  }
}

/** Fields for the token, and for how long it is kept. */
export const TokenFields = ({ keeping, onKeeping, onToken, token }: {
  readonly token: string
  readonly keeping: "page" | "tab"
  readonly onToken: (token: string) => void
  readonly onKeeping: (keeping: "page" | "tab") => void
}) => (
  <>
    <label className="field">
      Token
      <input
        type="password"
        name="token"
        value={token}
        required
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onToken(event.target.value)}
      />
    </label>
    <p className="muted">
      The token is $THUNDERLINE_TOKEN of the program, or the file <code>token</code> in its state folder.
    </p>
    <label className="check">
      <input
        type="checkbox"
        checked={keeping === "tab"}
        onChange={(event) => onKeeping(event.target.checked ? "tab" : "page")}
      />
      Keep it until this tab is closed
    </label>
  </>
)

type Phase =
  | { readonly _tag: "Asking" }
  | { readonly _tag: "Sending" }
  | { readonly _tag: "Failed"; readonly why: string }
  | { readonly _tag: "Done"; readonly text: string }

const Confirm = ({ domain, operation, onClose }: {
  readonly domain: DomainInfo
  readonly operation: Operation
  readonly onClose: () => void
}) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const [phase, setPhase] = useState<Phase>({ _tag: "Asking" })
  const [asksToken, setAsksToken] = useState(Session.token() === undefined)
  const [token, setToken] = useState("")
  const [keeping, setKeeping] = useState<"page" | "tab">("page")
  // The text stays the same while the operation is carried out.
  const [text] = useState(() => consequence(domain, operation))
  useEffect(() => {
    const element = dialog.current!
    element.showModal()
    return () => element.close()
  }, [])
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    // The field with the focus is gone.
    if (phase._tag === "Done") button.current?.focus()
  }, [phase])
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (phase._tag === "Sending") return
    if (phase._tag === "Done") return dialog.current!.close()
    if (asksToken) Session.keep(token.trim(), keeping)
    setPhase({ _tag: "Sending" })
    const answer = await Connection.operation(domain.name, operation)
    switch (answer._tag) {
      case "Accepted":
        return setPhase({
          _tag: "Done",
          text: `Accepted: ${domain.name} is ${answer.status} now.`
        })
      case "Unauthorized":
        Session.forget()
        setToken("")
        setAsksToken(true)
        return setPhase({ _tag: "Failed", why: "That is not the token. Nothing was done." })
      case "Refused":
        return setPhase({ _tag: "Failed", why: answer.why })
    }
  }
  const done = phase._tag === "Done"
  return (
    <dialog ref={dialog} aria-labelledby="confirm" onClose={onClose}>
      <form method="dialog" onSubmit={(event) => void submit(event)}>
        <h2 id="confirm">{verb[operation]} {domain.name}{done ? "" : "?"}</h2>
        {done ? null : <p>{text}</p>}
        {asksToken && !done
          ? <TokenFields token={token} keeping={keeping} onToken={setToken} onKeeping={setKeeping} />
          : null}
        <p role="status" className={phase._tag === "Failed" ? "bad" : ""}>
          {phase._tag === "Failed" ? phase.why : phase._tag === "Done" ? phase.text : ""}
        </p>
        <div className="buttons">
          {done ? null : <button type="button" onClick={() => dialog.current!.close()}>Cancel</button>}
          <button type="submit" className="main" ref={button} aria-disabled={phase._tag === "Sending"}>
            {done ? "Close" : phase._tag === "Sending" ? "Asking…" : verb[operation]}
          </button>
        </div>
      </form>
    </dialog>
  )
}

/** The buttons for the operations on a domain. Those that its state does not allow are disabled, not removed. */
export const Operations = ({ domain }: { readonly domain: DomainInfo }) => {
  const [asked, ask] = useState<Operation | undefined>(undefined)
  const live = useKnown((state) => state.link._tag === "Live")
  const allowed = live ? PageText.operations(domain.status) : []
  const shown: ReadonlyArray<Operation> = domain.status === "inactive" ? ["activate"] : ["restart", "deactivate"]
  return (
    <div className="operations">
      {shown.map((operation) => (
        <button
          key={operation}
          type="button"
          aria-disabled={!allowed.includes(operation)}
          aria-label={`${verb[operation]} ${domain.name}`}
          onClick={() => {
            if (allowed.includes(operation)) ask(operation)
          }}
        >
          {verb[operation]}
        </button>
      ))}
      {asked === undefined ? null : <Confirm domain={domain} operation={asked} onClose={() => ask(undefined)} />}
    </div>
  )
}

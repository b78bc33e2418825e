import type { ReactNode } from "react"
import type { StatusName } from "../../src/model/DomainStatus.ts"

/** Each state has a shape of its own besides its colour. */
const shapes: Readonly<Record<StatusName, ReactNode>> = {
  waiting: <circle cx="8" cy="8" r="5.5" fill="none" strokeDasharray="2.6 2" />,
  activating: <path d="M8 2.5 13.8 13H2.2Z" fill="none" />,
  active: (
    <>
      <circle cx="8" cy="8" r="6.5" fill="currentColor" />
      <path className="cut" d="m5 8.2 2.1 2.1L11 6.2" fill="none" />
    </>
  ),
  deactivating: <path d="M8 13.5 2.2 3h11.6Z" fill="none" />,
  inactive: (
    <>
      <rect x="2.5" y="2.5" width="11" height="11" rx="1.5" fill="none" />
      <path d="M5.5 8h5" />
    </>
  ),
  crashed: (
    <>
      <path d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2Z" fill="currentColor" />
      <path className="cut" d="m5.5 5.5 5 5m0-5-5 5" fill="none" />
    </>
  ),
  restarting: <path d="M13.3 8.8A5.4 5.4 0 1 1 11.6 4M12.3 1v3.6H8.7" fill="none" />
}

/** The mark of a state. */
export const Glyph = ({ status }: { readonly status: StatusName }) => (
  <svg className={`glyph s-${status}`} viewBox="0 0 16 16" aria-hidden="true">{shapes[status]}</svg>
)

export const StatusText = ({ health, status }: {
  readonly status: StatusName
  readonly health?: "healthy" | "suspect" | "silent" | null
}) => (
  <span className={`status s-${status}`}>
    <Glyph status={status} />
    {status}
    {health === "suspect" || health === "silent" ? <em className="health">{health}</em> : null}
  </span>
)

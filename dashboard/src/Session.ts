/** Where the token is kept: in memory, or in `sessionStorage` if the operator asks for that. */
const key = "thunderline.token"

let memory: string | undefined

export const token = (): string | undefined => memory ?? sessionStorage.getItem(key) ?? undefined

export const keep = (given: string, keeping: "page" | "tab"): void => {
  memory = given
  if (keeping === "tab") sessionStorage.setItem(key, given)
  else sessionStorage.removeItem(key)
}

export const forget = (): void => {
  memory = undefined
  sessionStorage.removeItem(key)
}

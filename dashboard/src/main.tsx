import { createRoot } from "react-dom/client"
import { App } from "./App.tsx"
import * as Connection from "./Connection.ts"
import "./styles.css"

Connection.start()
createRoot(document.getElementById("root")!).render(<App />)

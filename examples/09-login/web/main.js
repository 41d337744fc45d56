import "./style.css";

const main = document.querySelector("main");

/** The page has two paths, and the server sends it for both: `/` for logging in, `/account` for those who have. */
async function show() {
  const response = await fetch("/api/me");
  const user = response.ok ? (await response.json()).user : undefined;
  const path = user === undefined ? "/" : "/account";
  if (location.pathname !== path) history.replaceState(null, "", path);
  if (user === undefined) showLogin();
  else showAccount(user);
}

function showLogin() {
  main.innerHTML = `
    <form>
      <h1>Log in</h1>
      <label>Name <input name="name" autocomplete="username" required maxlength="50" /></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
      <button>Log in</button>
      <p role="alert"></p>
    </form>`;
  const form = main.querySelector("form");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await fetch("/api/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
    if (response.ok) await show();
    else main.querySelector("[role=alert]").textContent = (await response.json()).detail;
  });
}

function showAccount(user) {
  main.innerHTML = `<h1></h1><button>Log out</button>`;
  main.querySelector("h1").textContent = `Hello, ${user}`;
  main.querySelector("button").addEventListener("click", async () => {
    await fetch("/api/logout", { method: "POST" });
    await show();
  });
}

await show();

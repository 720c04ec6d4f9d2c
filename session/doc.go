// Package session keeps logins on the server's side: the browser holds an
// opaque random identifier in a __Host-Http- cookie, the store holds only its
// hash. Identifiers change at login and at every change of privilege, live no
// longer than their idle and absolute limits, and end everywhere at once
// when their user asks for it.
package session

package guard

import "testing"

func TestUsersOfIssuersAreTold(t *testing.T) {
	names := map[string][2]string{}
	for _, c := range [][2]string{{"", "c"}, {"a", "c"}, {"a b", "c"}, {"a", "b c"}, {`a" "b`, "c"}, {"a", `b" c`}, {`a"`, "c"}, {"", `"a" c`}} {
		name := userOfIssuer(c[0], c[1])
		if other, there := names[name]; there {
			t.Errorf("%q and %q are both %s", c, other, name)
		}
		names[name] = c
	}
	if userOfIssuer("", "alice") == userOfIssuer("", "bob") {
		t.Error("control: two users")
	}
}

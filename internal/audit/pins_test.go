package audit

import "testing"

func TestLaxPin(t *testing.T) {
	for _, c := range []struct {
		text        string
		lax, pinned bool
	}{
		{"uvicorn==0.30.1\nfastapi==0.115.14\nfastapi-cli==0.0.7\n", true, true},
		{"fastapi[standard]==0.116.1", true, true},
		{"f\x00a\x00s\x00t\x00a\x00p\x00i\x00=\x00=\x000\x00.\x001\x001\x005\x00.\x000\x00", true, true},
		{"fastapi~=0.110.2", true, true},
		{"fastapi = \"^0.115.0\"\n", true, true},
		{"fastapi = {version = \"^0.97.0\", extras = [\"all\"]}\n", true, true},
		{"dependencies = [\n    \"fastapi>=0.100,<0.120\",\n]", true, true},
		{"[[package]]\nname = \"fastapi\"\nversion = \"0.117.1\"\n", true, true},
		{"fastapi==0.132.0", false, true},
		{"fastapi==1.0.0", false, true},
		{"fastapi>=0.100,<1.0", false, true},
		{"fastapi==0.115.0\nfastapi==0.136.1\n", false, true},
		{"fastapi>=0.115.11", false, false},
		{"fastapi", false, false},
		{"fastapi-users==0.1.0\nfastapi_mail==0.2.0\n# fastapi==0.1.0\n", false, false},
		{"fastapi  # <0.120 once\n", false, false},
		{"", false, false},
	} {
		if lax, pinned := laxPin(c.text); lax != c.lax || pinned != c.pinned {
			t.Errorf("%q: lax %t, pinned %t; want %t, %t", c.text, lax, pinned, c.lax, c.pinned)
		}
	}
}

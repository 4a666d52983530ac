package proxy

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// challenge is one Proxy-Authenticate: a scheme and its parameters.
type challenge struct {
	scheme     string // in lower case
	parameters map[string]string
}

// A proxy's challenges are read up to these.
const (
	maxChallenges = 8
	maxParameters = 16
)

// authorize answers the best of a proxy's challenges: Digest with SHA-256, then with MD5, then Basic, which shows the password
// to everybody between here and the proxy.
func authorize(headers []string, who *url.Userinfo, address string) (string, error) {
	challenges := parseChallenges(headers)
	for _, algorithm := range []string{"sha-256", "md5"} {
		for _, c := range challenges {
			if answer, ok := c.digest(algorithm, who, address); ok {
				return answer, nil
			}
		}
	}
	for _, c := range challenges {
		if c.scheme == "basic" {
			password, _ := who.Password()
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(who.Username()+":"+password)), nil
		}
	}
	var schemes []string
	for _, c := range challenges {
		if known := []string{"ntlm", "negotiate", "kerberos", "bearer"}; slices.Contains(known, c.scheme) {
			schemes = append(schemes, c.scheme)
		}
	}
	if len(schemes) > 0 {
		return "", fmt.Errorf("it wants credentials by %s, which is not supported: Basic and Digest are; ask its administrator for "+
			"one of these, or for a way without credentials to %s", strings.Join(schemes, ", "), address)
	}
	return "", errors.New("it wants credentials in a way that is not supported: Basic and Digest are")
}

// digest answers a challenge of RFC 7616 with one algorithm, by quality "auth", or as RFC 2069 had it where none is named.
func (c challenge) digest(algorithm string, who *url.Userinfo, address string) (string, bool) {
	named := strings.ToLower(c.parameters["algorithm"])
	if named == "" {
		named = "md5"
	}
	plain, session := strings.CutSuffix(named, "-sess")
	if c.scheme != "digest" || plain != algorithm || c.parameters["nonce"] == "" {
		return "", false
	}
	quality := c.parameters["qop"]
	if quality != "" && !slices.ContainsFunc(strings.Split(quality, ","), func(q string) bool { return strings.EqualFold(strings.TrimSpace(q), "auth") }) {
		return "", false
	}
	sum := func(parts ...string) string {
		var h hash.Hash = md5.New()
		if algorithm == "sha-256" {
			h = sha256.New()
		}
		h.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h.Sum(nil))
	}
	const count = "00000001"
	user, realm, nonce, own := who.Username(), c.parameters["realm"], c.parameters["nonce"], rand.Text()
	password, _ := who.Password()
	secret := sum(user, realm, password)
	if session {
		secret = sum(secret, nonce, own)
	}
	target := sum(http.MethodConnect, address)
	answer := "Digest username=" + quote(user) + ", realm=" + quote(realm) + ", nonce=" + quote(nonce) + ", uri=" + quote(address)
	if c.parameters["algorithm"] != "" {
		answer += ", algorithm=" + strings.ToUpper(plain)
		if session {
			answer += "-sess"
		}
	}
	if opaque, ok := c.parameters["opaque"]; ok {
		answer += ", opaque=" + quote(opaque)
	}
	if quality == "" {
		return answer + ", response=" + quote(sum(secret, nonce, target)), true
	}
	response := sum(secret, nonce, count, own, "auth", target)
	return answer + ", qop=auth, nc=" + count + ", cnonce=" + quote(own) + ", response=" + quote(response), true
}

// quote writes a quoted-string. What cannot stand in one is left out: no byte of a proxy or a person ends a header line.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c != 0x7f || c == '\t':
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// parseChallenges reads Proxy-Authenticate headers (RFC 9110 §11.6.1), each of which may hold several challenges. What it does
// not understand it leaves out.
func parseChallenges(headers []string) (all []challenge) {
	for _, h := range headers {
		for rest := h; len(all) < maxChallenges; {
			var c challenge
			if c, rest = nextChallenge(rest); c.scheme == "" {
				break
			}
			all = append(all, c)
		}
	}
	return all
}

// nextChallenge reads one challenge from the beginning of s.
func nextChallenge(s string) (c challenge, rest string) {
	scheme, rest := token(strings.TrimLeft(s, " \t,"))
	c = challenge{scheme: strings.ToLower(scheme), parameters: make(map[string]string)}
	for {
		name, after := token(strings.TrimLeft(rest, " \t,"))
		after = strings.TrimLeft(after, " \t")
		if name == "" || !strings.HasPrefix(after, "=") {
			return c, rest // the next challenge, or the end
		}
		var value string
		value, rest = parameter(strings.TrimLeft(after[1:], " \t"))
		if len(c.parameters) < maxParameters {
			c.parameters[strings.ToLower(name)] = value
		}
	}
}

// token reads what a scheme or a parameter is named.
func token(s string) (name, rest string) {
	n := strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
	if n < 0 {
		n = len(s)
	}
	return s[:n], s[n:]
}

// parameter reads a parameter's value, a token or a quoted string.
func parameter(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		n := strings.IndexAny(s, ", \t")
		if n < 0 {
			n = len(s)
		}
		return s[:n], s[n:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "" // the quote does not end
}

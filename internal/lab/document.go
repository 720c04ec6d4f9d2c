package lab

import (
	"maps"
	"net/http"
	"slices"
)

type object = map[string]any

// document answers with the variant's OpenAPI document, in the form that
// FastAPI gives it.
func document(v Variant) http.Handler {
	doc := documentOf(v)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reply(w, http.StatusOK, doc) })
}

func documentOf(v Variant) object {
	ref := func(name string) object { return object{"$ref": "#/components/schemas/" + name} }
	answer := object{"200": object{"description": "Successful Response", "content": object{"application/json": object{"schema": object{}}}}}
	body := func(mediaType, name string) object {
		return object{"required": true, "content": object{mediaType: object{"schema": ref(name)}}}
	}
	secured := []any{}
	if v != Cookie {
		secured = []any{object{"OAuth2PasswordBearer": []any{}}}
	}
	operation := func(summary, id string, more object) object {
		o := object{"summary": summary, "operationId": id, "responses": answer}
		for k, m := range more {
			o[k] = m
		}
		return o
	}
	paths := object{
		"/login":         object{"post": operation("Login", "login_login_post", object{"requestBody": body("application/json", "Credentials")})},
		"/me":            object{"get": operation("Me", "me_me_get", object{"security": secured})},
		"/balance":       object{"get": operation("Balance", "balance_balance_get", object{"security": secured})},
		"/history":       object{"get": operation("History", "history_history_get", object{"security": secured})},
		"/transfer":      object{"post": operation("Transfer", "transfer_transfer_post", object{"security": secured, "requestBody": body("application/json", "Transfer")})},
		"/transfer/form": object{"post": operation("Transfer Form", "transfer_form_transfer_form_post", object{"security": secured, "requestBody": body("application/x-www-form-urlencoded", "Transfer")})},
		"/email":         object{"post": operation("Email", "email_email_post", object{"security": secured, "requestBody": body("application/json", "Email")})},
	}
	switch v {
	case Vulnerable:
		paths["/transfer/quick"] = object{"get": operation("Transfer Quick", "transfer_quick_transfer_quick_get", object{"security": secured, "parameters": []any{
			object{"name": "to", "in": "query", "required": true, "schema": object{"type": "string"}},
			object{"name": "amount", "in": "query", "required": false, "schema": object{"type": "integer", "default": 1}},
		}})}
		paths["/logout"] = object{"post": operation("Logout", "logout_logout_post", nil)}
	case Cookie:
		paths["/csrf"] = object{"get": operation("Csrf", "csrf_csrf_get", nil)}
		paths["/logout"] = object{"post": operation("Logout", "logout_logout_post", nil)}
	}
	components := object{"schemas": object{
		"Credentials": record(object{"username": object{"type": "string"}, "password": object{"type": "string"}}),
		"Transfer":    record(object{"to": object{"type": "string"}, "amount": object{"type": "integer", "exclusiveMinimum": 0}}),
		"Email":       record(object{"email": object{"type": "string"}}),
		"PasswordForm": object{"type": "object", "required": []string{"username", "password"}, "properties": object{
			"grant_type": object{"type": "string", "pattern": "^password$"}, "username": object{"type": "string"}, "password": object{"type": "string"},
			"scope": object{"type": "string", "default": ""}}},
	}}
	if v != Cookie {
		paths["/token"] = object{"post": operation("Token", "token_token_post", object{"requestBody": body("application/x-www-form-urlencoded", "PasswordForm")})}
		components["securitySchemes"] = object{"OAuth2PasswordBearer": object{"type": "oauth2", "flows": object{"password": object{"tokenUrl": "token", "scopes": object{}}}}}
	}
	return object{"openapi": "3.1.0", "info": object{"title": "Bank", "version": "1.0.0"}, "paths": paths, "components": components}
}

// record is the schema of an object whose fields must all be there.
func record(fields object) object {
	return object{"type": "object", "required": slices.Sorted(maps.Keys(fields)), "properties": fields}
}

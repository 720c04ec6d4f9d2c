package audit

// KeepAll returns a configuration in which nothing is taken out of what routes
// do before the rules run.
func KeepAll(cfg Config) Config {
	cfg.keepsAll = true
	return cfg
}

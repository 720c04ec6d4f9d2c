package origin

// ParseInFull is Parse without its short way.
var ParseInFull = parse

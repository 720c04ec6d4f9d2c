package fastapi

// A Call is one call of something that the program does not define, with its
// arguments as far as they are known.
type Call struct {
	Name  string // dotted name, or "?.method" of a receiver that is not known
	Recv  *Value // of a method call
	Args  Args
	At    Place
	Fn    *Function // in which it stands; nil at the top of a module
	Chain []Place   // the calls that led there, the outermost first
	Text  string    // of the receiver, as written
	// Written says that the call is written out where it stands.
	Written bool
	// InDependency says that a dependency or middleware makes the call.
	InDependency bool
	// Aside says that a middleware makes the call which refuses no one and
	// hands nothing on, as one that notes in the log who asks.
	Aside bool
}

// A Refusal is a branch that refuses the request: a raise, or an answer of
// 4xx, under a condition.
type Refusal struct {
	Sources []*Source // of what the condition looks at
	At      Place     // of the condition
	Status  int       // 0 where it is not known
	Fn      *Function
	Op      []CompareOp
	Raise   Place
	// Present says that it refuses where there is what the condition looks at,
	// as a login does whom it knows already.
	Present bool
	Nested  bool // it stands under another condition
	// Either says that the condition looks at what is a cookie or a header,
	// whichever there is.
	Either bool
}

// A CompareOp is one comparison inside a condition.
type CompareOp struct {
	Op    string
	Sides []*Value
}

// A Skip is a branch that ends the function without refusing.
type Skip struct {
	Sources []*Source
	At      Place
	Fn      *Function
	Texts   []string // that the condition names, as far as they are known
	// Guests says that it is for those who are not known, and that the function
	// refuses all others in the end.
	Guests bool
	absent bool // the condition says that something is not there
}

// A Return is an answer of a route's handler.
type Return struct {
	Value *Value
	At    Place
	Fn    *Function
}

// A Raised is an exception that was raised.
type Raised struct {
	Value  *Value
	At     Place
	Fn     *Function
	Status int     // of the answer that it becomes; 0 where it is not known
	Answer *Answer // nil where no function of the program makes it
	Caught bool    // a try statement catches it
	Muted  bool    // … and goes on as if nothing had been raised
}

// An Answer is what a handler of exceptions makes of one.
type Answer struct {
	Value *Value
	By    Place   // the handler
	Calls []*Call // that it makes
}

// A Trace is what running one thing showed: a module, or a route with its
// middleware and dependencies.
type Trace struct {
	Calls    []*Call
	Reads    []*Source
	Refusals []*Refusal
	Skips    []*Skip
	Raised   []*Raised
	Returns  []Return
	Stores   []Place // assignments to what the module holds
	Closed   int     // WebSockets closed from this end, and refusals that ASGI middleware sends itself
}

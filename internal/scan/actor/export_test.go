package actor

var OwnName = ownName

"""Signs that several causes ask for, each written once with its numbers and its words."""

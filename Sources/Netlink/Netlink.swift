/// The rtnetlink verbs of an attachment.

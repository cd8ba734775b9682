"""The whole system on one machine, with no AWS account: what `make run` starts.

`stack` starts and stops everything, `cloud` runs ministack (the local AWS), `deployment` puts the
template on it, `site` and `people` fill it, `proxy` serves site, API and sign-in on one origin,
`journal` brings back what a killed local AWS would have lost, and `stack_file` says to people and
programs how to join in.
"""

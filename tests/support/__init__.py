"""What the tests share: a deployment to drive, a browser, a kernel client and load loops."""

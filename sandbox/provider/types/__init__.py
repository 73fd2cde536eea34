"""One module a service: the resource types the stacks use, each as AWS makes and changes them."""

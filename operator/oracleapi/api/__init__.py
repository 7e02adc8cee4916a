"""The custom resources as users write them, and the CustomResourceDefinitions generated from them."""

"""The cluster: real kube-apiserver, etcd and controllers, kubectl and helm."""

// Small change first: one user in twenty reads prices from the gray machines, writers never do.
def gray = { it.url.getParameter('env') == 'gray' }

if (invocation.methodName.startsWith('save')) {
    return invokers.findAll { it.url.getParameter('role') == 'writer' }
}
if (invocation.methodName == 'load' && invocation.arguments[0] % 20 == 0) {
    return invokers.findAll(gray)
}
return invokers.findAll { !gray(it) }

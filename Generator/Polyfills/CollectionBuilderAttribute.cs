using Microsoft.CodeAnalysis;

namespace System.Runtime.CompilerServices;

/// <summary>Names the method that builds a collection type from a collection expression.</summary>
[Embedded]
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface, Inherited = false)]
internal sealed class CollectionBuilderAttribute(Type builderType, string methodName) : Attribute
{
    public Type BuilderType { get; } = builderType;

    public string MethodName { get; } = methodName;
}

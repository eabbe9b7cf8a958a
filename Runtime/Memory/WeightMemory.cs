namespace Cameo.Memory;

/// <summary>What holds a model's weights while it is in use.</summary>
public enum WeightMemory
{
    /// <summary>
    /// <see cref="Copied"/> for weights from 32 MiB up to half of the memory available, where the system has large pages; else <see cref="Mapped"/>. What runs read little
    /// or nothing of (<see cref="Descriptions.ModelDescription.ColdWeightBytes"/>) stays mapped in any case.
    /// </summary>
    Automatic,

    /// <summary>The file itself, mapped: pages are read when they are needed, processes that run the same model share them, and the system may drop them when memory is short.</summary>
    Mapped,

    /// <summary>
    /// The process's own memory, read at load with several threads. On Linux in large pages, from which one thread reads up to 1.4 times as fast; what is bounded by memory, such as the
    /// generation of text, is as much faster.
    /// </summary>
    Copied,
}
